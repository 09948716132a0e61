// Package compare compares the results of sagas that a service has recorded with the
// events in its outbox: it finds results that are not told, or told twice, and events
// that are not delivered. It changes nothing and takes no locks.
package compare

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/key"
)

// Result is one recorded result of a saga, and the event that must tell it.
type Result struct {
	Saga string
	// What describes the result in words, for example "inventory.reserve is done".
	What string
	// Type is that of the event.
	Type string
	// Step is the step that the event names, zero for a state fact about the saga.
	Step key.Key
	// At is when the result was recorded, at the earliest.
	At time.Time
}

// Sagas returns, by saga, how the events in the outbox of db differ from the results of
// the sagas of r, which must have been read before, by saga. It reads the outbox in one
// statement and ignores r.Limit.
//
// A result that was recorded while the outbox was incomplete needs no event: before the
// outbox existed, or as long ago as the rows that the relay deletes. An event that cannot be
// read tells nothing: its result is missing, and the other sagas are compared. An event that
// another event has caused may tell a result again, and so may one of a saga that reactions
// take on: telling its newest fact again sets it going where it has stopped.
func Sagas(ctx context.Context, db *gorm.DB, r audit.Range, results []Result) (map[string]audit.Telling, error) {
	if len(results) == 0 {
		return nil, nil //nolint:nilnil // no saga differs
	}
	told, since, err := read(ctx, db, r, results[0].Saga, results[len(results)-1].Saga)
	if err != nil {
		return nil, err
	}
	all := map[string]audit.Telling{}
	for _, result := range results {
		if result.At.Before(since) || told.has[telling{result.Type, result.Saga, result.Step}] {
			continue
		}
		t := all[result.Saga]
		t.Missing = append(t.Missing, fmt.Sprintf("%s, and no event %s tells it", result.What, result.Type))
		all[result.Saga] = t
	}
	for _, d := range told.again {
		t := all[d.saga]
		t.Doubled = append(t.Doubled, fmt.Sprintf("%s is told again for %s, although no event asked for it", d.eventType, d.about()))
		all[d.saga] = t
	}
	return all, nil
}

// telling is a kind of event about one step of one saga, or about the saga itself.
type telling struct {
	eventType, saga string
	step            key.Key
}

func (t telling) about() string {
	if t.step.Step == "" {
		return t.saga
	}
	return t.step.String()
}

// tellings is the part of the outbox that belongs to some sagas.
type tellings struct {
	has   map[telling]bool
	again []telling // once for each superfluous event
}

// version is a telling of one version of its saga, which is 0 for a step fact.
type version struct {
	telling
	sequence int64
}

// read returns the events about the sagas of r between the first and the last, and the
// time since which they are complete. Both are of one snapshot, and the relay moves the
// time before it deletes rows.
func read(ctx context.Context, db *gorm.DB, r audit.Range, first, last string) (tellings, time.Time, error) {
	of, args := "o.key >= ? AND o.key <= ?", []any{first, last} // keys of other kinds are mostly outside
	if len(r.Sagas) > 0 {
		of, args = "o.key IN ?", []any{r.Sagas}
	}
	var rows []struct {
		Since           time.Time
		Type, Key, Data string
		Meta            string
	}
	err := db.WithContext(ctx).Raw(`SELECT s.at AS since, coalesce(o.type, '') AS type, coalesce(o.key, '') AS key,
		coalesce(o.data, '') AS data, coalesce(o.meta, '') AS meta
		FROM outbox_since AS s LEFT JOIN outbox AS o ON `+of+" ORDER BY o.id", args...).Scan(&rows).Error
	if err != nil {
		return tellings{}, time.Time{}, fmt.Errorf("read the outbox: %w", err)
	}
	told, uncaused := tellings{has: map[telling]bool{}}, map[version]bool{}
	since := time.Now().Add(math.MaxInt64) // without a row the outbox is not known to be complete
	for _, r := range rows {
		since = r.Since.UTC()
		if r.Type == "" {
			continue
		}
		t := telling{eventType: r.Type, saga: r.Key}
		var meta struct {
			Causation string `json:"causation"`
			Style     string `json:"style"`
			Sequence  int64  `json:"sequence"`
		}
		if errors.Join(json.Unmarshal([]byte(r.Data), &t.step), json.Unmarshal([]byte(r.Meta), &meta)) != nil {
			continue // its listeners cannot read it either: they name it as a dead letter
		}
		told.has[t] = true
		if meta.Causation != "" || meta.Style != "" {
			continue
		}
		v := version{t, meta.Sequence}
		if uncaused[v] {
			told.again = append(told.again, t)
		}
		uncaused[v] = true
	}
	return told, since, nil
}
