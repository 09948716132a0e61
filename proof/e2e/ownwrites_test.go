package e2e_test

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api"
	"github.com/amends/amends/proof/dbtest"
)

var ownTries = flag.Int("ownwrites.tries", 42, "how many reads follow a placement whose facts reach the read model 5 s late")

// lateBy is how late the facts are: longer than a read waits by itself, and shorter than it
// waits if it is asked to.
const lateBy = 5 * time.Second

// A read with the version of a placement has the order, or says that it may be older: in a
// list and by its id, while the engine answers and while the read model must. `make prove`
// runs it with 10,000 reads.
func TestAReadIsNeverOlderThanItsPlacement(t *testing.T) {
	t.Parallel()
	m := newModelled(t, dbtest.SQLite, lateBy)
	all := &ownReads{outcomes: map[string]map[string]int{}}
	all.with, _ = m.serve(t, server)
	all.without, _ = m.serve(t, nowhere(t), func(c *api.Config) { c.Orders.QueryTimeout = 200 * time.Millisecond })
	each := len(ownReadings) + 1 // one is followed by another
	placements := (*ownTries + each - 1) / each
	var shoppers sync.WaitGroup
	next := make(chan int)
	for range min(placements, 64) {
		shoppers.Go(func() {
			for range next {
				all.shop(t.Context())
			}
		})
	}
	for n := range placements {
		next <- n
	}
	close(next)
	shoppers.Wait()

	require.Empty(t, all.lies)
	require.Equal(t, placements*each, all.tries)
	for _, r := range ownReadings {
		of := all.outcomes[r.name]
		t.Logf("own writes: %s: %d fresh, %d stale, %d not answered", r.name, of[fresh], of[stale], of[unanswered])
		if r.wait != "" {
			require.Positive(t, of[fresh], r.name)
		}
	}
	require.Positive(t, all.outcomes["list"][stale], "or nothing was late")
	again := all.outcomes[afterwards]
	t.Logf("own writes: %s: %d fresh, %d stale, %d not answered", afterwards, again[fresh], again[stale], again[unanswered])
	t.Logf("own writes: %d reads after %d placements, whose facts came %s late: none was older and did not say so", all.tries, placements, lateBy)
}

// ownReading is a way to read an order that was placed.
type ownReading struct {
	name   string
	wait   string // of its Prefer header
	list   bool
	engine bool
}

var ownReadings = []ownReading{
	{name: "list", list: true, engine: true},
	{name: "list that waits", list: true, engine: true, wait: "wait=30"},
	{name: "order", engine: true},
	{name: "order that waits", engine: true, wait: "wait=30"},
	{name: "order while the engine is away"},
	{name: "order that waits while the engine is away", wait: "wait=30"},
}

// afterwards is a list with the version that the last of the readings has answered.
const afterwards = "list after the read of an order"

// The outcomes of a read that is no lie.
const fresh, stale, unanswered = "fresh", "stale", "unanswered"

// ownReads counts the outcomes of reads.
type ownReads struct {
	with, without string // APIs whose engine answers, and is away

	mu       sync.Mutex
	tries    int
	outcomes map[string]map[string]int // by reading
	lies     []string
}

func (o *ownReads) count(reading, outcome string, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tries++
	if err != nil {
		o.lies = append(o.lies, reading+": "+err.Error())
		return
	}
	if o.outcomes[reading] == nil {
		o.outcomes[reading] = map[string]int{}
	}
	o.outcomes[reading][outcome]++
}

// shop places an order of a new account, and reads it in all ways at once.
func (o *ownReads) shop(ctx context.Context) {
	who := account{o.with, "cus_" + uuid.NewString()}
	id, version, err := who.place(ctx, uuid.NewString(), own(lines("TEA", 1)), "UNAVAILABLE")
	if err != nil {
		o.count("placement", "", err)
		return
	}
	var readers sync.WaitGroup
	for i, r := range ownReadings {
		readers.Go(func() {
			seen, outcome, err := o.read(ctx, r, who, id, version)
			o.count(r.name, outcome, err)
			if i < len(ownReadings)-1 {
				return
			}
			if err != nil || outcome != fresh {
				o.count(afterwards, unanswered, nil)
				return
			}
			now, outcome, err := o.read(ctx, ownReadings[0], who, id, seen.version)
			if err == nil && outcome == fresh && now.status == "PENDING" && seen.status != now.status {
				err = fmt.Errorf("order %s was %s at version %s, and is PENDING", id, seen.status, seen.version)
			}
			o.count(afterwards, outcome, err)
		})
	}
	readers.Wait()
}

// seen is an order as a read had it.
type seen struct{ status, version string }

// read reads an order with a version in one way. Its error is a lie, or no answer at all.
func (o *ownReads) read(ctx context.Context, r ownReading, who account, id, version string) (out seen, outcome string, err error) {
	who.url = o.without
	if r.engine {
		who.url = o.with
	}
	path := "/v1/orders/" + id
	if r.list {
		path = "/v1/orders"
	}
	header := http.Header{"Amends-Min-Version": {version}}
	if r.wait != "" {
		header.Set("Prefer", r.wait)
	}
	answer, err := who.ask(ctx, http.MethodGet, path, nil, header)
	if err != nil {
		return out, "", err
	}
	if answer.status == http.StatusServiceUnavailable {
		return out, unanswered, nil // it says that it does not know
	}
	type order struct {
		ID, Status, Source string
		Stale              bool
	}
	var one struct {
		order
		Orders []order
	}
	if err := answer.into(&one); err != nil {
		return out, "", fmt.Errorf("order %s: %w", id, err)
	}
	if r.list {
		at := slices.IndexFunc(one.Orders, func(found order) bool { return found.ID == id })
		switch {
		case one.Stale:
			return out, stale, nil
		case at < 0:
			return out, "", fmt.Errorf("order %s is missing, and the list is not stale", id)
		}
		return seen{status: one.Orders[at].Status}, fresh, nil
	}
	out = seen{status: one.Status, version: answer.header.Get("Amends-Version")}
	switch {
	case one.Stale:
		return out, stale, nil
	case one.Source == "read_model" && out.version == "":
		return out, "", fmt.Errorf("order %s has no version", id)
	default:
		return out, fresh, nil
	}
}
