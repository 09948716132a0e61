// Package words turns values into the words of pages: times, Amounts, states.
package words

import (
	"fmt"
	"html/template"
	"net/url"
	"strings"
	"time"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/web/console/picture"
	"github.com/amends/amends/web/look"
)

// Funcs returns the functions of the templates. now is the clock, and below the path below
// which the pages are served.
func Funcs(now func() time.Time, below string) template.FuncMap {
	return template.FuncMap{
		"ago":      func(t any) template.HTML { return since(now(), moment(t)) },
		"clock":    func(t any) string { return moment(t).UTC().Format("15:04:05.000") },
		"stamp":    func(t any) string { return moment(t).UTC().Format("2006-01-02 15:04:05 UTC") },
		"money":    Amount,
		"status":   status,
		"text":     func(p *string) string { return Deref(p) },
		"brief":    brief,
		"short":    func(id string) string { return id[max(0, len(id)-12):] },
		"shape":    func(k look.Kind) string { return look.Shape(k) },
		"below":    func() string { return below },
		"lasted":   func(from, to any) string { return lasted(moment(to).Sub(moment(from))) },
		"state":    func(s string) string { return strings.ReplaceAll(s, "_", " ") },
		"seconds":  func(s float64) string { return took(time.Duration(s * float64(time.Second))) },
		"param":    param,
		"when":     when,
		"list":     func(all ...string) []string { return all },
		"lower":    strings.ToLower,
		"plural":   Plural,
		"trend":    trend,
		"dict":     dict,
		"add":      func(a, b int) int { return a + b },
		"mul":      func(a, b int) int { return a * b },
		"minor":    func(n int64, currency string) string { return Amount(contract.Money{Amount: n, Currency: currency}) },
		"messages": func(c contract.SupportCase) []contract.SupportMessage { return Deref(c.Messages) },
		"nextLetters": func(group, key, cursor string) string {
			return param(url.Values{"group": {group}, "key": {key}}, "cursor", cursor)
		},
	}
}

// trend returns the picture of a trend, or of a pointer to one.
func trend(counts any) picture.Trend {
	if p, ok := counts.(*[]int64); ok {
		counts = Deref(p)
	}
	of, _ := counts.([]int64) // of nothing else is there a trend
	return picture.DrawTrend(of)
}

// brief returns a long name by its end, which tells ids apart.
func brief(name string) string {
	const most, end = 20, 12
	if all := []rune(name); len(all) > most {
		return "…" + string(all[len(all)-end:])
	}
	return name
}

// dict returns a map of names and values, for templates with several arguments.
func dict(pairs ...any) map[string]any {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		m[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return m
}

// Deref returns the value of a pointer, the zero value of nil.
func Deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func moment(t any) time.Time {
	switch t := t.(type) {
	case time.Time:
		return t
	case *time.Time:
		return Deref(t)
	}
	return time.Time{}
}

// since returns how long ago a time was, with the time itself for those who want it exactly.
func since(now, t time.Time) template.HTML {
	if t.IsZero() {
		return "never"
	}
	words := took(now.Sub(t)) + " ago"
	if t.After(now.Add(time.Second)) {
		words = "in " + took(t.Sub(now))
	}
	//nolint:gosec // all of it is ours
	return template.HTML(fmt.Sprintf(`<time datetime="%s" title="%s">%s</time>`, t.UTC().Format(time.RFC3339), t.UTC().Format("2006-01-02 15:04:05 UTC"), words))
}

// took tells a duration in its largest unit that is not less than two, or in seconds.
func took(d time.Duration) string {
	d = d.Abs()
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	default:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	}
}

// lasted tells how long something took, exactly if that was short.
func lasted(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.1f s", max(d, 0).Seconds())
	}
	return took(d)
}

// Amount returns an amount of money, or a pointer to one, for people.
func Amount(m any) string {
	switch m := m.(type) {
	case contract.Money:
		return money.New(m.Amount, money.Currency(m.Currency)).String()
	case *contract.Money:
		if m != nil {
			return Amount(*m)
		}
	}
	return "–"
}

// status returns the mark of an order's status.
func status(s string) template.HTML {
	kinds := map[string]look.Kind{"PENDING": look.Busy, "CONFIRMED": look.Good, "CANCELLED": look.Back}
	kind, known := kinds[s]
	if !known {
		kind = look.Idle
	}
	return look.Mark(kind, strings.ToLower(s))
}

// Plural returns a number of things, such as "1 order" or "2 orders". n is a number, or a
// pointer to one.
func Plural(n any, one, many string) string {
	if p, ok := n.(*int64); ok {
		n = Deref(p)
	}
	if fmt.Sprint(n) == "1" {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", many)
}

// when returns a text if a condition is true, or not empty, and otherwise none.
func when(condition any, text string) string {
	if condition == true || condition != false && condition != "" {
		return text
	}
	return ""
}

// param returns a query with one parameter replaced, or removed if value is empty. Another
// filter begins with the first page.
func param(q url.Values, name, value string) string {
	out := url.Values{}
	for n, v := range q {
		if n != name && n != "cursor" {
			out[n] = v
		}
	}
	if value != "" {
		out.Set(name, value)
	}
	return "?" + out.Encode()
}
