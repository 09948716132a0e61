package rig

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"sync/atomic"
	"time"

	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/telemetry"
	"github.com/amends/amends/proof/bench/floor"
)

// FloorSettings configure a process of the floor, as JSON in the variable FLOOR.
type FloorSettings struct {
	Address string            `json:"address"` // of the engine
	DSNs    map[string]string `json:"dsns"`    // of the services
}

// RunFloor is a process of the floor, [FloorWorker] or [FloorClient], until ctx
// ends. It logs, measures and connects as the platform's processes do, and serves
// on the address that it gets in the same way.
func RunFloor(ctx context.Context, part string) (err error) {
	var s FloorSettings
	if err := json.Unmarshal([]byte(os.Getenv("FLOOR")), &s); err != nil {
		return fmt.Errorf("FLOOR: %w", err)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	metrics, err := telemetry.NewMetrics(log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, metrics.Close(context.WithoutCancel(ctx))) }()
	c, err := engine.Dial(engine.Options{Address: s.Address, Isolated: true, Logger: log, Metrics: metrics.Temporal()})
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Wait(ctx, nil); err != nil {
		return err
	}

	var ready atomic.Bool
	mux := newMux(metrics.Handler(), &ready)
	mux.HandleFunc("POST /round", func(w http.ResponseWriter, r *http.Request) { serveRound(w, r, c) })
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", os.Getenv("AMENDS_ADMIN_ADDR"))
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }() // it ends with the process
	defer server.Close()
	if part == FloorClient {
		ready.Store(true)
		<-ctx.Done()
		return nil
	}
	return floor.Work(ctx, c.Client, s.DSNs, func() { ready.Store(true) })
}

// newMux serves the pages of an admin address.
func newMux(metrics http.Handler, ready *atomic.Bool) *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !ready.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	return mux
}

// serveRound runs a round for its client.
func serveRound(w http.ResponseWriter, r *http.Request, c *engine.Client) {
	var round floor.Round
	err := json.NewDecoder(r.Body).Decode(&round)
	var result floor.Result
	if err == nil {
		result, err = floor.Run(r.Context(), c.Client, round)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(result) // the client is gone, or reports it
}

// Floor makes the floor's client run a round, and returns when it is over.
func (r *Rig) Floor(ctx context.Context, round floor.Round) (result floor.Result, err error) {
	text, err := json.Marshal(round)
	if err != nil {
		return result, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.Parts[FloorClient].Admin+"/round", bytes.NewReader(text))
	if err != nil {
		return result, err
	}
	answer, err := browser.Do(request)
	if err != nil {
		return result, fmt.Errorf("ask the floor's client: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		var said bytes.Buffer
		_, err := said.ReadFrom(answer.Body)
		return result, errors.Join(fmt.Errorf("the floor's client: %s", said.String()), err)
	}
	return result, json.NewDecoder(answer.Body).Decode(&result)
}
