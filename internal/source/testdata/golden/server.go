// Package server answers requests.
//
//go:build linux
package server

import (
	"context"
	"errors"
	"fmt"
	str "strings"
)

// Limits.
const (
	MaxItems = 1 << 10 // items
	timeout  = -3.5
)

var (
	ErrClosed = errors.New("closed")
	a, b      = 1, "two"
	Hook      = func(n int) error { return nil }
)

// Server serves.
type Server[K comparable, V any] struct {
	mu    int `json:"mu"`
	items map[K]V
}

type Store interface {
	Get(ctx context.Context, key string) ([]byte, error)
}

func (s *Server[K, V]) Get(ctx context.Context, key, other K, opts ...func(n int) error) (v V, err error) {
	if s == nil || len(s.items) == 0 && key == other {
		return v, ErrClosed
	}
	if err := validateKey(key); err != nil {
		return v, fmt.Errorf("get: %w", err)
	}
	for k, x := range s.items {
		if k != key {
			continue
		}
		switch {
		case ctx.Err() != nil:
			return v, ctx.Err()
		case errors.Is(err, ErrClosed):
			panic("closed")
		}
		v = x
	}
	checkAccess(ctx, key)
	return v, nil
}

func (s Server[K, V]) close() {
	defer func() {
		if r := recover(); r != nil {
			fmt.Println("recovered", r)
		}
	}()
	_ = s.flush( // nothing to do
		context.Background(),
		MaxItems,
	)
	n, _ := fmt.Sscan("x")
	head, _ := str.CutPrefix("a=b", "a")
	if err := s.flush(nil, n); err != nil {
		fmt.Printf("flush: %v", err)
	}
	if err := s.flush(nil, len(head)); err != nil {
	}
}

func Exists(name string) bool {
	_, err := load(name)
	if err != nil {
		return false
	}
	if ok := name != ""; ok {
		return true
	} else {
		return false
	}
}

func init() {}
