// Command pantry serves the stock of a kitchen over HTTP.
package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"example.com/pantry/internal/api"
	"example.com/pantry/internal/config"
	"example.com/pantry/internal/limit"
	"example.com/pantry/internal/store"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "pantry:", err)
		os.Exit(1)
	}
}

func run() error {
	cfg, err := config.Load(os.Getenv)
	if err != nil {
		return err
	}
	limiter := limit.New(cfg.Rate, cfg.Burst, time.Now)
	srv := &http.Server{
		Addr:              cfg.Addr,
		Handler:           api.New(store.New(), limiter),
		ReadHeaderTimeout: 5 * time.Second,
	}
	if err := srv.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
