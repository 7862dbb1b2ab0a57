// Package store keeps the stock in memory.
package store

import (
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"
)

// What can be wrong with a request to the store.
var (
	ErrInvalid  = errors.New("invalid item")
	ErrNotFound = errors.New("no such item")
	ErrShort    = errors.New("not enough in stock")
)

// Item is one sort of food and how much of it there is.
type Item struct {
	Name  string
	Grams int64
}

// Store is a stock of items. It may be used by many goroutines at once.
type Store struct {
	mu    sync.Mutex
	items map[string]Item
}

// New gives an empty store.
func New() *Store { return &Store{items: map[string]Item{}} }

// Put adds an item, or replaces the one with the same name.
func (s *Store) Put(it Item) error {
	if it.Name == "" || strings.TrimSpace(it.Name) != it.Name {
		return fmt.Errorf("%w: name %q", ErrInvalid, it.Name)
	}
	if it.Grams < 0 {
		return fmt.Errorf("%w: %d grams", ErrInvalid, it.Grams)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items[it.Name] = it
	return nil
}

// Get gives the item with the name.
func (s *Store) Get(name string) (Item, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	it, ok := s.items[name]
	if !ok {
		return Item{}, fmt.Errorf("%w: %q", ErrNotFound, name)
	}
	return it, nil
}

// Take removes grams from the stock of an item and gives what is left. It
// takes all of it or nothing.
func (s *Store) Take(name string, grams int64) (Item, error) {
	if grams <= 0 {
		return Item{}, fmt.Errorf("%w: cannot take %d grams", ErrInvalid, grams)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	it, ok := s.items[name]
	if !ok {
		return Item{}, fmt.Errorf("%w: %q", ErrNotFound, name)
	}
	if it.Grams < grams {
		return Item{}, fmt.Errorf("%w: %d of %d grams of %q", ErrShort, it.Grams, grams, name)
	}
	it.Grams -= grams
	s.items[name] = it
	return it, nil
}

// List gives all items by name.
func (s *Store) List() []Item {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Item, 0, len(s.items))
	for _, it := range s.items {
		out = append(out, it)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}
