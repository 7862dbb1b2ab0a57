package store

import (
	"errors"
	"sync"
	"testing"
)

func TestPutAndGet(t *testing.T) {
	s := New()
	if err := s.Put(Item{Name: "rice", Grams: 500}); err != nil {
		t.Fatal(err)
	}
	got, err := s.Get("rice")
	if err != nil || got.Grams != 500 {
		t.Errorf("Get = %v, %v", got, err)
	}
	if _, err := s.Get("salt"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Get of what is not there: %v", err)
	}
}

func TestPutRefuses(t *testing.T) {
	for _, it := range []Item{{}, {Name: " rice"}, {Name: "rice", Grams: -1}} {
		if err := New().Put(it); !errors.Is(err, ErrInvalid) {
			t.Errorf("Put(%v) = %v", it, err)
		}
	}
}

func TestTakeIsAllOrNothing(t *testing.T) {
	s := New()
	if err := s.Put(Item{Name: "rice", Grams: 100}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Take("rice", 101); !errors.Is(err, ErrShort) {
		t.Errorf("Take of too much: %v", err)
	}
	if _, err := s.Take("rice", 0); !errors.Is(err, ErrInvalid) {
		t.Errorf("Take of nothing: %v", err)
	}
	if left, err := s.Take("rice", 100); err != nil || left.Grams != 0 {
		t.Errorf("Take of all = %v, %v", left, err)
	}
}

func TestTakeByMany(t *testing.T) {
	s := New()
	if err := s.Put(Item{Name: "rice", Grams: 50}); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 100 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			_, _ = s.Take("rice", 1)
		}()
	}
	wg.Wait()
	if it, _ := s.Get("rice"); it.Grams != 0 {
		t.Errorf("%d grams left, want 0", it.Grams)
	}
}

func TestListIsSorted(t *testing.T) {
	s := New()
	for _, name := range []string{"salt", "flour", "rice"} {
		if err := s.Put(Item{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	got := s.List()
	if len(got) != 3 || got[0].Name != "flour" || got[2].Name != "salt" {
		t.Errorf("List = %v", got)
	}
}
