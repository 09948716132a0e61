// Package quota has the form of quotas in settings: how many requests in how much time.
package quota

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Quota is a number of requests in a window of time.
type Quota struct {
	Name  string // that clients see
	Count int    // of requests, at least 1
	Per   time.Duration
}

const (
	maxCount = 1_000_000
	maxPer   = 24 * time.Hour
)

var name = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)

// Parse reads quotas such as "burst=10/1s, sustained=300/1m": different names, and windows
// of whole seconds, each longer than the one before. The empty text has none.
func Parse(text string) ([]Quota, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	var all []Quota
	seen := map[string]bool{}
	for entry := range strings.SplitSeq(text, ",") {
		q, err := parse(strings.TrimSpace(entry))
		switch {
		case err != nil:
			return nil, err
		case seen[q.Name]:
			return nil, fmt.Errorf("%q is given twice", q.Name)
		case len(all) > 0 && q.Per <= all[len(all)-1].Per:
			return nil, fmt.Errorf("the window of %q is not longer than the one before", q.Name)
		}
		seen[q.Name] = true
		all = append(all, q)
	}
	return all, nil
}

func parse(entry string) (q Quota, err error) {
	called, rate, _ := strings.Cut(entry, "=")
	count, per, _ := strings.Cut(rate, "/")
	q.Name = strings.TrimSpace(called)
	if !name.MatchString(q.Name) {
		return q, fmt.Errorf("%q has no name of lower-case letters, digits and dashes", entry)
	}
	if q.Count, err = strconv.Atoi(strings.TrimSpace(count)); err != nil || q.Count < 1 || q.Count > maxCount {
		return q, fmt.Errorf("%q has no count from 1 to %d", entry, maxCount)
	}
	if q.Per, err = time.ParseDuration(strings.TrimSpace(per)); err != nil || q.Per < time.Second || q.Per > maxPer || q.Per%time.Second != 0 {
		return q, fmt.Errorf("%q has no window of whole seconds from 1s to %s", entry, maxPer)
	}
	return q, nil
}
