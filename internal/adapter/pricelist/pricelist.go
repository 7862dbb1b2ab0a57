// Package pricelist keeps the prices of models that a person fetched, in one
// file for all repositories, and fetches them. What is in the file is checked
// whenever it is read: prices that are not as they were written are an error
// that names the file, never other prices.
package pricelist

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"muster/internal/core/fault"
	"muster/internal/core/meter"
)

// Origin is where prices are fetched from unless a person says otherwise.
const Origin = "https://models.dev/api.json"

const (
	fileName  = "prices"
	maxFile   = 16 << 20 // bytes of the file
	maxList   = 64 << 20 // bytes of a list that is fetched; that of 2026 has 3 MB
	fetchTime = time.Minute
	maxHops   = 5 // redirections that are followed
)

// File gives where the prices of a state root are kept.
func File(root string) string { return filepath.Join(root, fileName) }

// Read gives the prices that were fetched last; none when nobody fetched any.
func Read(root string) (meter.Table, error) {
	path := File(root)
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return meter.Table{}, nil
	}
	if err != nil {
		return meter.Table{}, broken(path, err)
	}
	defer f.Close()
	data, err := readAll(f, maxFile)
	if err != nil {
		return meter.Table{}, broken(path, err)
	}
	t, err := meter.DecodeTable(data)
	if err != nil {
		return meter.Table{}, broken(path, err)
	}
	return t, nil
}

func broken(path string, err error) error {
	return fault.WithHint(fault.Wrap(fault.Invalid, err, "read the prices of models in %s", path),
		"muster prices refresh fetches them anew; without the file those of this version hold")
}

// Write keeps prices, in place of those that were there.
func Write(root string, t meter.Table) error {
	path := File(root)
	if err := os.MkdirAll(root, 0o700); err != nil {
		return fault.Wrap(fault.Refused, err, "make the folder of %s", path)
	}
	f, err := os.CreateTemp(root, fileName+".new-")
	if err != nil {
		return fault.Wrap(fault.Refused, err, "write the prices of models to %s", path)
	}
	_, err = f.Write(t.Encode())
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // what is left would only take room
		return fault.Wrap(fault.Refused, err, "write the prices of models to %s", path)
	}
	return fault.Wrap(fault.Refused, syncDir(root), "write the prices of models to %s", path)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Fetch gets the list of models.dev from a file or a URL, and gives it as the
// table of a day.
func Fetch(ctx context.Context, from, date string) (meter.Table, error) {
	data, err := get(ctx, from)
	if err != nil {
		return meter.Table{}, fault.WithHint(err, "without a network: fetch %s elsewhere, and muster prices refresh --from FILE", Origin)
	}
	t, err := meter.ReadModelsDev(data, date, from)
	if err != nil {
		return meter.Table{}, fault.WithHint(fault.Wrap(fault.Invalid, err, "read the prices of models from %s", from), "the prices in force stay as they are")
	}
	return t, nil
}

func get(ctx context.Context, from string) ([]byte, error) {
	u, err := url.Parse(from)
	if err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
		return download(ctx, u)
	}
	if strings.Contains(from, "://") {
		return nil, fault.New(fault.Invalid, "fetch prices from %s: only files, and addresses that begin with http:// or https://, can be read", from)
	}
	f, err := os.Open(from)
	if err != nil {
		return nil, fault.Wrap(fault.NotFound, err, "fetch prices from a file")
	}
	defer f.Close()
	data, err := readAll(f, maxList)
	return data, fault.Wrap(fault.Invalid, err, "fetch prices from %s", from)
}

func download(ctx context.Context, u *url.URL) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "fetch prices from %s", u.Redacted())
	}
	req.Header.Set("Accept", "application/json")
	c := &http.Client{CheckRedirect: func(to *http.Request, via []*http.Request) error {
		if len(via) > maxHops || u.Scheme == "https" && to.URL.Scheme != "https" {
			return errors.New("it leads elsewhere too often, or to where nothing is encrypted")
		}
		return nil
	}}
	resp, err := c.Do(req)
	if err != nil {
		return nil, fault.Wrap(fault.Transient, err, "fetch prices")
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fault.New(fault.Transient, "fetch prices from %s: it answers with status %d", u.Redacted(), resp.StatusCode)
	}
	data, err := readAll(resp.Body, maxList)
	return data, fault.Wrap(fault.Transient, err, "fetch prices from %s", u.Redacted())
}

// readAll reads no more than most bytes; more are an error.
func readAll(r io.Reader, most int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(data)) > most {
		return nil, fault.New(fault.Invalid, "it has more than %d MiB", most>>20)
	}
	return data, err
}
