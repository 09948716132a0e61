//go:build whole

package oncall_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/enginetest"
	"github.com/amends/amends/proof/whole"
)

// night are the settings of a platform with an operator: park_after is short, and the doctor runs
// only when it is asked.
var night = []string{
	"AMENDS_OPERATOR_TOKENS=night=night-night-night-1", "AMENDS_SAGA_PARK_AFTER=5s", "AMENDS_DOCTOR_EVERY=87600h",
}

// joined starts an `amends dev`, beside which the operator works.
func joined(t *testing.T, bin, dir string, settings ...string) *whole.Platform {
	t.Helper()
	p := whole.New(bin, dir)
	p.Environ = append(p.Environ, "AMENDS_OPERATOR_TOKEN=night-night-night-1")
	p.Joined(t, append(settings, night...))
	return p
}

// halfway places an order that waits for its parcels, whose money and stock are held. The result
// lets it go on.
func (s *shift) halfway(t *testing.T) (release func()) {
	t.Helper()
	release = s.Lock(t, "shipping")
	s.place(t, func() (string, error) { return s.Place(t.Context(), "tok_visa") })
	s.reaches(t, "payment.authorize", "done")
	s.reaches(t, "shipping.book", "running")
	return release
}

// temporal runs the engine's own tool.
func (s *shift) temporal(t *testing.T, args ...string) {
	t.Helper()
	settings, err := os.ReadFile(filepath.Join(s.Dir, "platform.yaml"))
	require.NoError(t, err)
	address := regexp.MustCompile(`temporal:\n +address: (\S+)`).FindStringSubmatch(string(settings))
	require.Len(t, address, 2, "%s", settings)
	out, err := exec.CommandContext(t.Context(), enginetest.CLI(t), append(args, "--address", address[1])...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func (s *shift) show() []string { return []string{"order", "show", s.order} }

// The provider neither answers an authorization nor a question about it.
func silentProvider(t *testing.T, s *shift) {
	t.Helper()
	s.plant(func() {
		s.place(t, func() (string, error) { return s.Place(t.Context(), "tok_unknown") })
	})
	s.notices(t, list, s.order, "payment.authorize", "PROVIDER_TIMEOUT",
		"it is not known whether the money is still held: the payment provider gave no answer", "money held: 18.50 EUR")
	s.finds(t, 0, s.show(), "payment.authorize", "PROVIDER_TIMEOUT", "money held: 18.50 EUR, stock held: 1 units")
	s.repairs(t, []string{"order", "cancel", s.order}, s.order)
	s.repairs(t, []string{"repair", s.order, "payment.authorize", "--action", "skip", "--reason", "voided by hand", "--reference", "case 4711"}, "skip of payment.authorize")
	s.isWell(t, s.show(), "CANCELLED", "waived", "night", "voided by hand", "case 4711")
}

func terminated(t *testing.T, s *shift) {
	t.Helper()
	release := s.halfway(t)
	s.plant(func() { s.temporal(t, "workflow", "terminate", "-w", "order-"+s.order, "--reason", "a mistake") })
	release()
	s.stopped(t, "its workflow was terminated: nothing works on it, and nothing was undone", "SAGA_TERMINATED", "saga_stopped")
}

func deleted(t *testing.T, s *shift) {
	t.Helper()
	release := s.halfway(t)
	s.plant(func() { s.temporal(t, "workflow", "delete", "-w", "order-"+s.order) })
	release()
	s.stopped(t, "the engine has no workflow of it: nothing works on it", "SAGA_MISSING", "saga_missing")
}

// stopped sees and resumes an order whose saga was stopped halfway.
func (s *shift) stopped(t *testing.T, why, code, kind string) {
	t.Helper()
	s.notices(t, list, s.order, "not_running", why, "money held: 18.50 EUR, stock held: 1 units", "payment.authorize, inventory.reserve")
	s.finds(t, 0, s.show(), code, "money held: 18.50 EUR, stock held: 1 units")
	s.finds(t, 1, doctor, kind, s.order, "money held: 18.50 EUR, stock held: 1 units", "--action resume")
	s.repairs(t, []string{"repair", s.order, "--action", "resume", "--reason", "stopped by mistake"}, "resume of the order")
	s.isWell(t, s.show(), "CANCELLED", "resume", "night", "stopped by mistake")
}

// The order service tells an event that no listener can read.
func deadLetter(t *testing.T, s *shift) {
	t.Helper()
	s.place(t, func() (string, error) { return s.Place(t.Context(), "tok_visa") })
	s.repeat(t, 0, []string{"CONFIRMED"}, s.show()...)
	s.plant(func() {
		s.Exec(t, "order", `INSERT INTO outbox (event_id, type, key, data, meta, at, error)
			SELECT 'poison', type, key, '"nothing"', meta, at, '' FROM outbox WHERE type = 'amends.order.confirmed.v1' AND key = ?`, s.order)
	})
	s.notices(t, list, s.order, "query", "notification", "INVALID", "its data is not that of amends.order.confirmed.v1",
		"money taken: 18.50 EUR, stock sold: 1 units, parcels booked: 1", "payment.capture, inventory.commit, shipping.book")
	s.finds(t, 0, []string{"events", "show", "poison"}, s.order, "INVALID")
	for _, group := range []string{"query", "notification"} {
		s.repairs(t, []string{"events", "discard", "poison", "--group", group, "--reason", "it has no data", "--by", "night"}, "discarded in "+group)
	}
	s.isWell(t, []string{"events", "show", "poison"}, "discard", "night", "it has no data")
	s.isWell(t, list, "no order needs attention")
}

// The inventory service's listener fails by a bug behind the capture, which is mended: the key
// of its commit was used for another request, as by two releases with different code.
func mendedBug(t *testing.T, s *shift) {
	t.Helper()
	s.Exec(t, "inventory", `CREATE TRIGGER bug AFTER INSERT ON barrier WHEN NEW.step = 'inventory.reserve' BEGIN
		INSERT INTO barrier (saga, step, generation, state, fingerprint, request, outcome, code, message, created_at, updated_at)
		VALUES (NEW.saga, 'inventory.commit', 0, 'done', 'another', '', '', '', '', NEW.created_at, NEW.updated_at); END`)
	s.plant(func() {
		s.place(t, func() (string, error) { return s.PlaceChoreographed(t.Context(), "tok_visa") })
	})
	s.notices(t, list, s.order, "inventory", "REQUEST_MISMATCH", "inventory.commit was used for another request",
		"money taken: 18.50 EUR, stock held: 1 units, parcels booked: 1", "payment.capture, inventory.reserve, shipping.book")
	s.finds(t, 0, []string{"events", "dead", "--group", "inventory"}, s.order, "amends.payment.captured.v1", "REQUEST_MISMATCH")
	s.Exec(t, "inventory", `DROP TRIGGER bug`)
	s.Exec(t, "inventory", `DELETE FROM barrier WHERE saga = ? AND step = 'inventory.commit'`, s.order)
	s.repairs(t, []string{"events", "redrive", "--group", "inventory", "--key", s.order, "--reason", "mended in 1.2.1", "--by", "night"}, "done: 1 handled")
	s.isWell(t, s.show(), "CONFIRMED")
	s.repeat(t, 0, []string{"redrive", "night", "mended in 1.2.1"}, "events", "show", s.letter(t))
}

// letter returns the event of the order that was dead at the inventory service.
func (s *shift) letter(t *testing.T) (id string) {
	t.Helper()
	db := dbtest.Open(t, s.File("inventory"), database.Options{})
	require.NoError(t, db.Raw("SELECT event_id FROM waiting WHERE event_key = ? AND group_name = 'inventory'", s.order).Scan(&id).Error)
	return id
}

// An event of a choreographed order is gone before the broker has it.
func lostEvent(t *testing.T, s *shift) {
	t.Helper()
	s.Exec(t, "inventory", `CREATE TRIGGER lost AFTER INSERT ON outbox WHEN NEW.type = 'amends.inventory.reserved.v1'
		BEGIN DELETE FROM outbox WHERE id = NEW.id; END`)
	s.plant(func() {
		s.place(t, func() (string, error) { return s.PlaceChoreographed(t.Context(), "tok_visa") })
	})
	s.notices(t, list, s.order, "unheard", "no service has gone on from order.", "money held: 18.50 EUR, stock held: 1 units", "payment.authorize, inventory.reserve")
	s.finds(t, 0, s.show(), "choreographed", "PENDING", "money held: 18.50 EUR, stock held: 1 units", "payment.authorize, inventory.reserve")
	s.Exec(t, "inventory", `DROP TRIGGER lost`)
	s.repairs(t, []string{"repair", s.order, "--action", "nudge", "--reason", "an event was lost"}, "nudge of the order")
	s.isWell(t, s.show(), "CONFIRMED", "nudge", "night", "an event was lost")
}

// A person changes the stock by a statement, which keeps no record of it.
func changedStock(t *testing.T, s *shift) {
	t.Helper()
	s.plant(func() {
		s.Exec(t, "inventory", `UPDATE stock SET available = available - 3, received = received - 3 WHERE sku = 'MUG-STONEWARE' AND warehouse = 'BER'`)
	})
	s.notices(t, doctor, "stock", "inventory", "MUG-STONEWARE in BER: 99997 received, but the journal explains 100000")
	s.finds(t, 0, []string{"stock", "journal", "MUG-STONEWARE"}, "delivery")
	s.repairs(t, []string{
		"stock", "adjust", "--sku", "MUG-STONEWARE", "--warehouse", "BER", "--units", "0",
		"--reason", "changed by SQL", "--reference", "incident-12", "--by", "night",
	}, "100000 ever received")
	s.isWell(t, doctor, "nothing was judged")
	s.repeat(t, 0, []string{"night", "changed by SQL", "incident-12"}, "stock", "journal", "MUG-STONEWARE")
}
