package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/eventtest"
	"github.com/amends/amends/event/inbox"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/barrier/txn"
	"github.com/amends/amends/worker/registry"
)

// An operator reads dead letters, redrives them and discards one.
func TestEvents(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	var env []string
	for _, d := range registry.Declarations() {
		at := func(name string) string { return "sqlite:" + filepath.Join(dir, name+".db") }
		env = append(env, "AMENDS_SERVICES_"+strings.ToUpper(d.Name)+"_DSN="+at(d.Name))
		if d.Outside != "" {
			env = append(env, strings.ToUpper("AMENDS_SERVICES_"+d.Name+"_"+d.Outside)+"_DSN="+at(d.Outside))
		}
	}
	_, err := once(t, env, append([]string{"migrate"}, registry.Names()...)...)
	require.NoError(t, err)
	events := func(args ...string) string {
		t.Helper()
		out, err := once(t, env, append([]string{"events"}, args...)...)
		require.NoError(t, err)
		return out
	}
	notes := func(args ...string) string {
		t.Helper()
		p := start(t, env, append([]string{"events"}, args...)...)
		require.NoError(t, p.wait(t))
		return p.err.String()
	}
	refused := func(args ...string) string {
		t.Helper()
		_, err := once(t, env, append([]string{"events"}, args...)...)
		require.Error(t, err)
		return err.Error()
	}

	// Payment listens, with a bug.
	fact := registry.Facts()[0]
	tell := func(key, id string) event.Message {
		return event.Encode(event.Event{ID: id, Type: fact.Type(), Key: key, Time: time.Now(), Data: json.RawMessage(`{"n":1}`)})
	}
	bus := eventtest.NewMemory()
	_, err = bus.Publish(t.Context(), []event.Message{tell("ord_1", "e1"), tell("ord_1", "e2"), tell("ord_2", "e3")})
	require.NoError(t, err)
	var mended, handled atomic.Int64
	group := inbox.React(event.Listener{Group: "payment", Facts: []event.Declaration{fact}, Handle: func(_ context.Context, e event.Event) error {
		if mended.Load() == 0 || e.ID == "e3" {
			return fault.Errorf(fault.Bug, fault.Mismatch, "%s", strings.Repeat("a long explanation ", 8))
		}
		handled.Add(1)
		return nil
	}}, inbox.Options{
		DB:  dbtest.Open(t, "sqlite:"+filepath.Join(dir, "payment.db"), database.Options{}),
		Bus: bus, Logger: slog.New(slog.DiscardHandler), Poll: 10 * time.Millisecond, Step: 10 * time.Millisecond, Lanes: 1,
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- group.Run(ctx) }()
	defer func() { cancel(); require.NoError(t, <-ended) }()
	type letter struct {
		ID    string
		State waiting.State
		Data  json.RawMessage
	}
	var dead []letter
	require.Eventually(t, func() bool {
		require.NoError(t, json.Unmarshal([]byte(events("dead", "--json")), &dead))
		return len(dead) == 2
	}, patience, 20*time.Millisecond)

	require.Equal(t, []string{"e1", "e3"}, []string{dead[0].ID, dead[1].ID})
	require.JSONEq(t, `{"n":1}`, string(dead[0].Data))
	out := events("dead", "--group", "payment", "--key", "ord_1")
	require.Contains(t, out, "\nparked\tpayment\t")
	require.Contains(t, out, "REQUEST_MISMATCH: a long explanation")
	require.NotContains(t, out, "ord_2")
	require.Contains(t, events("waiting"), "\te2\t")
	require.Equal(t, "[]\n", events("waiting", "--group", "order", "--json"))
	require.Equal(t, "more: --group payment --after 1\n", notes("dead", "--limit", "1"))
	require.Contains(t, events("dead", "--group", "payment", "--after", "1"), "\te3\t")
	require.Contains(t, refused("dead", "--group", "loyalty"), `no service "loyalty"`)

	require.Contains(t, refused("redrive", "--group", "payment", "--all"), `required flag(s) "reason" not set`)
	require.Contains(t, refused("redrive", "--group", "payment", "--all", "--key", "k", "--reason", "r"), "none of the others can be")
	require.Equal(t, "payment has no dead letter: id e2", refused("redrive", "--group", "payment", "--id", "e2", "--reason", "mended"))
	mended.Store(1)
	out = events("redrive", "--group", "payment", "--key", "ord_1", "--reason", "mended", "--by", "ada")
	require.Contains(t, out, "1 dead letters of payment\n")
	require.Contains(t, out, "done: 1 handled\n")
	require.Eventually(t, func() bool { return handled.Load() == 2 }, patience, 10*time.Millisecond, "the one behind follows")
	require.Contains(t, refused("redrive", "--group", "payment", "--all", "--reason", "again"), "it stopped at event e3, which failed again")

	out = events("show", "e1")
	for _, want := range []string{"handled\tpayment", "redrive\tpayment", "\tada\tmended\t", "\thandled\t", `{"n":1}`} {
		require.Contains(t, out, want)
	}
	require.Contains(t, refused("show", "e9"), "no service has told event e9 or kept it apart: it never was")
	require.Equal(t, "discarded in payment: e3\n", events("discard", "e3", "--reason", "told by mistake"))
	require.Equal(t, "event e3 waits nowhere", refused("discard", "e3", "--reason", "twice"))
	require.Equal(t, "[]\n", events("dead", "--json"))
	require.Empty(t, events("dead"), "a script reads the table, and there is none")
	require.Empty(t, events("waiting"))
	require.Equal(t, "no letter is dead\n", notes("dead"))

	// It is seen in the outbox of the service that told it, while it waits and published.
	order := dbtest.Open(t, "sqlite:"+filepath.Join(dir, "order.db"), database.Options{})
	require.NoError(t, txn.Run(t.Context(), order, func(tx *gorm.DB) error {
		return outbox.Tell(tx, event.Event{Type: fact.Type(), Key: "ord_7", Data: json.RawMessage(`{"n":7}`)})
	}))
	var id string
	require.NoError(t, order.Raw("SELECT event_id FROM outbox WHERE key = 'ord_7'").Scan(&id).Error)
	out = events("show", id)
	for _, want := range []string{"\norder\t", "\tord_7\twaits for the broker\t" + `{"n":7}`} {
		require.Contains(t, out, want)
	}
	require.NoError(t, order.Exec("UPDATE outbox SET published_at = ?, seq = 12", time.Now().UTC()).Error)
	require.Contains(t, events("show", id), ", position 12\t")
	require.NoError(t, order.Exec("UPDATE outbox SET published_at = NULL, seq = NULL, dead_at = ?, error = 'too large'", time.Now().UTC()).Error)
	require.Contains(t, events("show", id), ": too large\t")

	// A service that cannot be asked hides nothing that the others know.
	env = slices.DeleteFunc(env, func(e string) bool { return strings.HasPrefix(e, "AMENDS_SERVICES_SHIPPING_DSN") })
	env = append(env, "AMENDS_SERVICES_SHIPPING_DSN=sqlite:"+filepath.Join(dir, "away", "shipping.db"))
	require.Contains(t, events("show", id), "\nshipping\t")
	unknown := refused("show", "e9")
	require.Contains(t, unknown, "none of the services that could be asked has told event e9 or kept it apart; another one may have\n")
	require.NotContains(t, unknown, "it never was")
	require.Contains(t, unknown, "\nnot asked: shipping: ")
	require.Contains(t, refused("discard", id, "--reason", "r"), "shipping", "it may wait there")

	var h struct {
		Letters   []letter
		Decisions []waiting.Decision
	}
	require.NoError(t, json.Unmarshal([]byte(events("show", "e3", "--json")), &h))
	require.Equal(t, waiting.Discarded, h.Letters[0].State)
	require.Equal(t, fmt.Sprint([]string{"redrive", "discard"}), fmt.Sprint([]string{h.Decisions[0].Action, h.Decisions[1].Action}))
}
