package platform

import (
	"bufio"
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"go.yaml.in/yaml/v3"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/web/console/ask"
	"github.com/amends/amends/web/console/visit"
)

// eventsData fills in the page of events.
type eventsData struct {
	Groups      []group
	Projections []contract.Projection
	Facts       []fact
	Wrong       string
}

// group is a listening service, as this process measures it.
type group struct {
	Name                           string
	Behind, Waiting, Dead, Handled float64 // events
	LagSeconds                     float64
}

// fact is one kind of fact of the catalogue.
type fact struct {
	Name, Summary string
	Key           string // of what the fact is about; events of one key are handled in order
	Urgent        bool   // it overtakes others of its key
}

// Events answers with the page of events.
func Events(v *visit.Visit) error {
	var metrics, text string
	var p contract.Projections
	var unmeasured, unlisted, unread error
	err := v.Admin.Together(
		func() { metrics, unmeasured = v.Admin.Text(v.Ctx(), "/metrics") },
		func() { unlisted = v.Admin.Get(v.Ctx(), "/v1/projections", nil, &p) },
		func() {
			text, unread = ask.Client{Handler: v.Config.API, From: v.R.RemoteAddr}.Text(v.Ctx(), "/asyncapi.yaml")
		})
	if err != nil {
		return err //nolint:wrapcheck // it names the failure
	}
	if unmeasured != nil && ask.StatusOf(unmeasured) == http.StatusUnauthorized {
		return unmeasured
	}
	d := eventsData{Groups: groups(metrics), Projections: p.Projections}
	if unlisted != nil {
		d.Wrong = visit.Wrong(unlisted)
	}
	if unread == nil {
		d.Facts = factsOf(text)
	}
	return v.Show("events", "Events", d)
}

// groups returns the listening services of a process, from its metrics.
func groups(metrics string) []group {
	all := map[string]*group{}
	for lines := bufio.NewScanner(strings.NewReader(metrics)); lines.Scan(); {
		name, labels, value, ok := sample(lines.Text())
		label := labels["group"]
		if !ok || label == "" {
			continue
		}
		if all[label] == nil {
			all[label] = &group{Name: label}
		}
		g := all[label]
		switch name {
		case "amends_events_behind":
			g.Behind += value
		case "amends_events_waiting":
			g.Waiting += value
		case "amends_events_dead":
			g.Dead += value
		case "amends_events_lag_seconds", "amends_events_unheard_seconds":
			g.LagSeconds = max(g.LagSeconds, value)
		case "amends_events_handled_total":
			g.Handled += value
		}
	}
	var out []group
	for _, g := range all {
		out = append(out, *g)
	}
	slices.SortFunc(out, func(a, b group) int {
		return cmp.Or(cmp.Compare(b.LagSeconds, a.LagSeconds), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// sample parses a line of Prometheus' text format.
func sample(line string) (name string, labels map[string]string, value float64, ok bool) {
	head, number, labelled := strings.Cut(line, "} ")
	if !labelled {
		head, number, _ = strings.Cut(line, " ")
	}
	numbers := strings.Fields(number)
	if strings.HasPrefix(line, "#") || len(numbers) == 0 {
		return "", nil, 0, false
	}
	labels = map[string]string{}
	name, list, _ := strings.Cut(head, "{")
	for pair := range strings.SplitSeq(list, `",`) {
		label, text, _ := strings.Cut(pair, `="`)
		labels[label] = strings.TrimSuffix(text, `"`)
	}
	value, err := strconv.ParseFloat(numbers[0], 64)
	return name, labels, value, err == nil
}

// parsed is the contract of the facts that was read last. It is that of the build, so that it is
// parsed once.
var parsed atomic.Pointer[catalogue]

type catalogue struct {
	text  string
	facts []fact
}

func factsOf(text string) []fact {
	c := parsed.Load()
	if c == nil || c.text != text {
		c = &catalogue{text, facts(text)}
		parsed.Store(c)
	}
	return c.facts
}

// facts returns the catalogue, from the contract of the facts.
func facts(contract string) []fact {
	var c struct {
		Components struct {
			Messages map[string]struct {
				Summary string
				Key     string `yaml:"x-key"`    //nolint:tagliatelle // AsyncAPI begins extensions with x-
				Urgent  bool   `yaml:"x-urgent"` //nolint:tagliatelle // as above
			}
		}
	}
	if yaml.Unmarshal([]byte(contract), &c) != nil {
		return nil // the page says that it has none
	}
	var out []fact
	for name, m := range c.Components.Messages {
		out = append(out, fact{strings.TrimPrefix(name, "amends."), m.Summary, m.Key, m.Urgent})
	}
	slices.SortFunc(out, func(a, b fact) int { return cmp.Compare(a.Name, b.Name) })
	return out
}
