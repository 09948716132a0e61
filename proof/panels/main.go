// Command panels draws the dashboards of deploy/observability with the data of a running
// Prometheus, an SVG for each: for an operator without Grafana, and to look at every panel
// after a change. `make dashboards` runs it.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	o := options{to: time.Now()}
	flag.StringVar(&o.prometheus, "prometheus", "http://127.0.0.1:9091", "the address of Prometheus")
	flag.StringVar(&o.dashboards, "dashboards", "deploy/observability/grafana/dashboards", "the folder of the dashboards")
	flag.StringVar(&o.out, "out", "bin/dashboards", "the folder of the pictures")
	flag.DurationVar(&o.past, "past", time.Hour, "the time that the pictures show, up to now")
	flag.Parse()
	if err := run(context.Background(), o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "panels:", err)
		os.Exit(1)
	}
}

type options struct {
	prometheus, dashboards, out string
	to                          time.Time
	past                        time.Duration
}

// step is the time between two points of a line.
func (o options) step() time.Duration { return max(time.Second, (o.past / 90).Round(time.Second)) }

// run draws all dashboards, and tells the file of each and its panels without data. It fails
// if Prometheus refuses a query.
func run(ctx context.Context, o options, told io.Writer) error {
	files, err := filepath.Glob(filepath.Join(o.dashboards, "*.json"))
	if err != nil {
		return fmt.Errorf("the folder of the dashboards: %w", err)
	}
	if len(files) == 0 {
		return fmt.Errorf("%s has no dashboards", o.dashboards)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("a dashboard: %w", err)
		}
		var d dashboard
		if err := json.Unmarshal(text, &d); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		empty, err := d.fill(ctx, o)
		if err != nil {
			return fmt.Errorf("%s: %w", d.Title, err)
		}
		picture := filepath.Join(o.out, strings.TrimSuffix(filepath.Base(file), ".json")+".svg")
		if err := d.draw(picture, o); err != nil {
			return err
		}
		fmt.Fprintf(told, "%s: %d panels; without data: %s\n", picture, len(d.Panels), strings.Join(empty, ", "))
	}
	return nil
}
