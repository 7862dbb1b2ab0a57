//go:build !windows

package shop

import (
	"context"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	qt "github.com/frankban/quicktest"
	"github.com/google/go-cmp/cmp"
	. "github.com/onsi/gomega"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/stretchr/testify/suite"
)

func TestPlain(t *testing.T) {
	got, err := Price("a", 2)
	if err != nil {
		t.Fatal(err)
	}
	if got != 42 {
		t.Errorf("got %d", got)
	}
	if err == nil || !strings.Contains(err.Error(), "limit") {
		t.Error(err)
	}
	if diff := cmp.Diff(Cart{Size: 1}, got); diff != "" {
		t.Error(diff)
	}
	if !reflect.DeepEqual(got, want) && deep {
		t.Error("differs")
	}
	switch {
	case got < 3:
		t.Error("small")
	case len(list) != 2:
		t.Error("length")
	}
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Fatal("timeout")
	}
	if got != got {
		t.Error("never")
	}
	if len(list) < 0 {
		t.Error("never")
	}
	if !errors.Is(err, ErrLimit) {
		t.Error(err)
	}
	if ok := Valid("x"); !ok {
		t.Error("valid")
	}
}

func TestSub(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	t.Run("empty cart", func(t *testing.T) {
		assertPrice(t, "", 0)
	})
	t.Run("skipped", func(t *testing.T) {
		t.Skip("later")
		assertPrice(t, "x", 1)
	})
}

func TestTable(t *testing.T) {
	tests := []struct {
		name string
		in   int
		want int
	}{
		{"one", 1, 2},
		{name: "two", in: 2, want: 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Double(tt.in); got != tt.want {
				t.Errorf("%d", got)
			}
		})
	}
	for k, v := range map[string]int{"a": 1, "b": 2} {
		assert.Equal(t, v, Lookup(k))
	}
}

func TestTestify(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	assert.Equal(t, 3, Count(ctx))
	assert.NotEqual(t, 3, Count(ctx))
	require.NoError(t, Do(ctx))
	assert.Error(t, Do(nil))
	assert.True(t, true)
	assert.True(t, Count(ctx) == 3, "count")
	assert.Contains(t, Name(), "x")
	assert.InDelta(t, 0.5, Ratio(), 1e-9)
	assert.Equal(t, want, want)
	is := require.New(t)
	is.Equal(4, Count(ctx))
	if false {
		assert.Equal(t, 5, Count(ctx))
	}
	if os.Getenv("SLOW") != "" {
		assert.Equal(t, 6, Count(ctx))
	}
	return
	assert.Equal(t, 7, Count(ctx))
}

type shopSuite struct{ suite.Suite }

func (s *shopSuite) TestOpen() {
	s.Equal(1, Open())
	s.Require().NoError(Close())
	s.T().Skip("broken")
}

func TestQuick(t *testing.T) {
	c := qt.New(t)
	c.Assert(Open(), qt.Equals, 1)
	c.Assert(Open(), qt.Not(qt.Equals), 2)
	g := NewWithT(t)
	g.Expect(Open()).To(Equal(1))
	g.Expect(Open()).NotTo(BeNil())
}

func ExamplePrice() {
	Print()
	// Output: 3
}

func FuzzPrice(f *testing.F) {
	f.Add("a", 1)
	f.Fuzz(func(t *testing.T, s string, n int) {
		if _, err := Price(s, n); err != nil {
			t.Skip()
		}
	})
}

func assertPrice(t *testing.T, in string, want int) {
	t.Helper()
	if got := Must(in); got != want {
		t.Errorf("%d", got)
	}
}

func testHidden(t *testing.T) { assert.Equal(t, 1, Open()) }

func fixture() int { return 1 }
