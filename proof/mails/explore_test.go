package mails_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/event/lease"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/notification/channel/simulator"
	"github.com/amends/amends/services/notification/store"
	orderstore "github.com/amends/amends/services/order/store"
)

var faults = flag.Int("faults", 1, "how many faults a schedule has at most")

// hit is a fault at the nth pass of a place.
type hit struct {
	place string
	n     int
	fault string
}

func (h hit) String() string { return fmt.Sprintf("%s#%d=%s", h.place, h.n, h.fault) }

// schedule has at most one hit for each pass.
type schedule []hit

func (s schedule) String() string {
	words := make([]string, len(s))
	for i, h := range s {
		words[i] = h.String()
	}
	return strings.Join(words, " ")
}

// pass is the nth pass of a place.
type pass struct {
	place string
	n     int
}

// faultsOf has the faults of each place.
var faultsOf = map[string][]string{
	"hear":        {"twice", "dies before the commit", "dies after the commit", "late"},
	"contact":     {"down", "slow"},
	"begin":       {"dies before", "dies after", "frozen"},
	"conclude":    {"dies before", "dies after", "frozen"},
	"smtp":        {"refuses", "down", "loses", "reply lost", "late"},
	"sms":         {"refuses", "down", "loses", "reply lost", "late"},
	"sms close":   {"down", "reply lost"},
	"sms_reserve": {"refuses", "down", "loses", "reply lost", "late"},
}

// TestNoFaultDoublesOrLosesAMessage explores every schedule with up to -faults faults.
func TestNoFaultDoublesOrLosesAMessage(t *testing.T) {
	t.Parallel()
	notifications := append(database.Schema{database.Set(lease.Name, lease.Migrations), database.Set(waiting.Name, waiting.Migrations)}, store.Schema...)
	onEach(t, notifications, func(t *testing.T, db *gorm.DB) {
		open := func(schema database.Schema) *gorm.DB {
			other := dbtest.Open(t, "sqlite::memory:", database.Options{})
			require.NoError(t, schema.Migrate(t.Context(), other))
			return other
		}
		e := &explorer{world: newWorld(db, open(orderstore.Schema), open(simulator.Schema)), hits: map[string]int{}}
		e.explore(t, nil)
		for place, all := range faultsOf {
			if *faults == 1 && (place == "sms close" || place == "sms_reserve") {
				continue // the first provider has to fail before
			}
			for _, fault := range all {
				require.Positive(t, e.hits[place+"="+fault], "%s: %s was never tried", place, fault)
			}
		}
		fmt.Fprintf(os.Stdout, "mails: on %s %d schedules with up to %d faults\n", db.Name(), e.runs, *faults)
	})
}

// onEach runs body on each engine. Schedules of several faults are on SQLite alone: the product's
// statements are the same, and servers take too long for so many.
func onEach(t *testing.T, schema database.Schema, body func(t *testing.T, db *gorm.DB)) {
	t.Helper()
	if *faults == 1 {
		dbtest.Each(t, schema.Migrate, body)
		return
	}
	db := dbtest.Open(t, dbtest.SQLite(t), database.Options{})
	require.NoError(t, schema.Migrate(t.Context(), db))
	body(t, db)
}

type explorer struct {
	world *world
	runs  int
	hits  map[string]int
}

// explore runs s, and every schedule that has one hit more behind its last one.
func (e *explorer) explore(t *testing.T, s schedule) {
	t.Helper()
	e.runs++
	passes := e.world.run(t, fmt.Sprint("order-", e.runs), s)
	if len(s) == *faults {
		return
	}
	behind := len(s) == 0
	for _, p := range passes {
		if behind {
			for _, fault := range faultsOf[p.place] {
				e.hits[p.place+"="+fault]++
				e.explore(t, append(slices.Clip(s), hit{p.place, p.n, fault}))
			}
		} else {
			last := s[len(s)-1]
			behind = p == pass{last.place, last.n}
		}
	}
}
