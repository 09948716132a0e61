package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// client asks Prometheus. A query over much data takes seconds.
var client = &http.Client{Timeout: time.Minute}

// line is a series of a query's answer.
type line struct {
	Metric map[string]string
	Values [][2]any // Unix seconds, and the value as a text

	name        string
	at, numbers []float64 // the values that are numbers, and their times
}

// ask returns the lines of a query that have a number at some time: the quantile of nothing,
// for example, is none.
func ask(ctx context.Context, query string, o options) (lines []line, err error) {
	values := url.Values{"query": {query}, "step": {o.step().String()}, "start": {o.to.Add(-o.past).Format(time.RFC3339)}, "end": {o.to.Format(time.RFC3339)}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, o.prometheus+"/api/v1/query_range?"+values.Encode(), http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("the address of Prometheus: %w", err)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask Prometheus: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // it has been read
	var answer struct {
		Status, Error string
		Data          struct{ Result []line }
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("the answer of Prometheus, %s: %w", response.Status, err)
	}
	if response.StatusCode != http.StatusOK || answer.Status != "success" {
		return nil, fmt.Errorf("%s: %s", response.Status, cmp.Or(answer.Error, "not the answer of a query"))
	}
	for _, l := range answer.Data.Result {
		for _, v := range l.Values {
			at, _ := v[0].(float64)
			text, _ := v[1].(string)
			if number, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(number) && !math.IsInf(number, 0) {
				l.at, l.numbers = append(l.at, at), append(l.numbers, number)
			}
		}
		if len(l.numbers) > 0 {
			lines = append(lines, l)
		}
	}
	return lines, nil
}

var label = regexp.MustCompile(`\{\{(\w+)\}\}`)

// fill asks for the data of every panel, and returns the titles of those without. The highest
// lines are the first: the legend has room for them.
func (d *dashboard) fill(ctx context.Context, o options) (empty []string, err error) {
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			lines, err := ask(ctx, target.Expr, o)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p.Title, err)
			}
			for _, l := range lines {
				l.name = label.ReplaceAllStringFunc(target.LegendFormat, func(s string) string { return l.Metric[strings.Trim(s, "{}")] })
				p.lines = append(p.lines, l)
			}
		}
		slices.SortStableFunc(p.lines, func(a, b line) int {
			return cmp.Or(cmp.Compare(slices.Max(b.numbers), slices.Max(a.numbers)), cmp.Compare(a.name, b.name))
		})
		if len(p.lines) == 0 {
			empty = append(empty, p.Title)
		}
	}
	return empty, nil
}
