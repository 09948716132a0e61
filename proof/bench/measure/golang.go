package measure

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Go is a Go program's metrics of itself.
type Go struct {
	Allocations float64 // objects allocated ever
	Allocated   float64 // bytes allocated ever
	Goroutines  float64 // right now
}

// browser asks processes of this machine.
var browser = &http.Client{Timeout: time.Minute}

// Text returns the metrics that a process serves.
func Text(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	answer, err := browser.Do(request)
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("read metrics: %s answers %s", url, answer.Status)
	}
	return io.ReadAll(answer.Body)
}

// ReadGo reads the metrics that a process serves.
func ReadGo(ctx context.Context, url string) (Go, error) {
	text, err := Text(ctx, url)
	if err != nil {
		return Go{}, err
	}
	return parseGo(bytes.NewReader(text))
}

// parseGo reads the few relevant metrics; they have no labels.
func parseGo(r io.Reader) (Go, error) {
	var g Go
	missing := map[string]*float64{
		"go_memstats_mallocs_total":     &g.Allocations,
		"go_memstats_alloc_bytes_total": &g.Allocated,
		"go_goroutines":                 &g.Goroutines,
	}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		to, ok := missing[name]
		if !ok {
			continue
		}
		var err error
		if *to, err = strconv.ParseFloat(value, 64); err != nil {
			return Go{}, fmt.Errorf("metric %s: %w", name, err)
		}
		delete(missing, name)
	}
	if err := lines.Err(); err != nil {
		return Go{}, fmt.Errorf("read metrics: %w", err)
	}
	for name := range missing {
		return Go{}, fmt.Errorf("there is no metric %s", name)
	}
	return g, nil
}

// lagging are the starts of the lines of [Lag]: of the read model's group, and of the others.
var lagging = []string{"amends_events_lag_seconds{", "amends_events_unheard_seconds{"}

// Lag is the greatest age of an event that a group of listeners has not handled, in
// seconds, of the metrics that a process serves. A process that watches no group is an error.
func Lag(ctx context.Context, url string) (greatest float64, err error) {
	text, err := Text(ctx, url)
	if err != nil {
		return 0, err
	}
	return parseLag(bytes.NewReader(text))
}

func parseLag(r io.Reader) (greatest float64, err error) {
	groups := 0
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := lines.Text()
		if !slices.ContainsFunc(lagging, func(start string) bool { return strings.HasPrefix(line, start) }) {
			continue
		}
		lag, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64)
		if err != nil {
			return 0, fmt.Errorf("metric %q: %w", line, err)
		}
		groups++
		greatest = max(greatest, lag)
	}
	if err := lines.Err(); err != nil {
		return 0, fmt.Errorf("read metrics: %w", err)
	}
	if groups == 0 {
		return 0, fmt.Errorf("there is no metric %s", strings.Join(lagging, " or "))
	}
	return greatest, nil
}
