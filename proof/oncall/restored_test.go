//go:build whole

package oncall_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/wait"
	doctorflow "github.com/amends/amends/workflows/doctor"
	"github.com/amends/amends/workflows/doctor/judge"
)

// decideAfter is how long orders may take on the platforms whose databases are restored. A rerun
// of an order that is older settles first.
const decideAfter = 15 * time.Second

var hurried = "AMENDS_SAGA_DECIDE_AFTER=" + decideAfter.String()

// afterRestore is the doctor as docs/runbooks/restore.md asks it.
var afterRestore = []string{"doctor", "--dry-run", "--grace", "0s"}

// taken is what the orders hold of whose database the older copy is.
const taken = "money taken: 18.50 EUR"

// restored has, by the database of which an older copy was restored, the words of the doctor.
var restored = []struct {
	name  string
	words []string
}{
	{"order", []string{"unknown_order", "there is no such order", taken}},
	{"catalog", []string{"quote", "no quote is recorded", taken}},
	{"inventory", []string{"stock_not_sold", "it is confirmed with 1 units, but 0 reservations with 0 units are sold", taken}},
	{"payment", []string{"money_not_taken", "provider_book", taken}},
	{"shipping", []string{"parcel_missing", "0 parcels are booked, its stock is in 1 warehouses", taken}},
	{"query", []string{"copy_missing"}},
	{"notification", []string{"nothing is wrong"}},
	{"provider", []string{"provider_book", taken}},
	{"carrier", []string{"carrier_book", taken}},
	{"user", []string{"nothing is wrong"}},
	{"support", []string{"nothing is wrong"}},
}

// copies are a folder of a platform that has ended, and older copies of its databases.
type copies struct{ bin, dir, older string }

// keep runs a platform, and copies its databases in between two orders.
func keep(t *testing.T, bin string) copies {
	t.Helper()
	c := copies{bin, t.TempDir(), t.TempDir()}
	s := &shift{Platform: joined(t, bin, c.dir, hurried), wrong: "before the fault"}
	decide := func(token, status string) {
		s.place(t, func() (string, error) { return s.Place(t.Context(), token) })
		s.repeat(t, 0, []string{status}, s.show()...)
	}
	decide("tok_visa", "CONFIRMED")
	for _, name := range []string{"order", "catalog", "inventory", "payment", "provider", "shipping", "carrier", "query", "notification", "user", "support", "temporal"} {
		db := dbtest.Open(t, s.File(name), database.Options{})
		require.NoError(t, db.Exec("VACUUM INTO ?", filepath.Join(c.older, name+".db")).Error)
	}
	decide("tok_visa", "CONFIRMED")
	decide("tok_declined", "CANCELLED")
	s.Parts["platform"].Stop()
	require.NoError(t, wait.For(t.Context(), decideAfter))
	return c
}

// whole returns a copy of the folder.
func (c copies) whole(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(c.dir)))
	require.NoError(t, os.Chmod(dir, 0o700))
	return dir
}

// restore puts the older copy of a database into a folder whose platform has ended.
func (c copies) restore(t *testing.T, dir, name string) {
	t.Helper()
	for _, left := range []string{"", "-wal", "-shm"} {
		require.NoError(t, os.RemoveAll(filepath.Join(dir, name+".db"+left)))
	}
	content, err := os.ReadFile(filepath.Join(c.older, name+".db"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, name+".db"), content, 0o600))
}

// rerun has the orders of the doctor's errors rerun.
func (s *shift) rerun(t *testing.T, name string) {
	t.Helper()
	orders := s.errors(t)
	began := time.Now()
	for _, id := range orders {
		s.repeat(t, 0, []string{"rerun of the order"}, "repair", id, "--action", "rerun", "--reason", name+".db was restored", "--reference", "incident 12")
	}
	s.repaired = time.Now()
	s.made = append(s.made, run{fmt.Sprintf("amends repair $ORDER --action rerun --reason '%s.db was restored' --reference 'incident 12', %d ×", name, len(orders)), time.Since(began)})
	for _, id := range orders {
		s.finds(t, 0, []string{"order", "show", id}, "rerun", "night", "incident 12")
	}
	s.seen = s.seen[:1]
}

// errors returns the orders of the doctor's errors, each once.
func (s *shift) errors(t *testing.T) (orders []string) {
	t.Helper()
	out, _ := s.Command(t.Context(), append(slices.Clip(afterRestore), "--json")...)
	var r doctorflow.Report
	require.NoError(t, json.NewDecoder(firstObject(out)).Decode(&r), out)
	for _, f := range r.Findings {
		if f.Severity == judge.Error && f.Order != "" {
			orders = append(orders, f.Order)
		}
	}
	slices.Sort(orders)
	return slices.Compact(orders)
}

// healthy waits until the doctor finds no error any more.
func (s *shift) healthy(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(patience); len(s.errors(t)) > 0; {
		require.True(t, time.Now().Before(deadline), "%s: it is still wrong", s.wrong)
	}
	s.well = time.Since(s.repaired)
}

// olderCopy is the shift of one restored database.
func olderCopy(t *testing.T, c copies, name string, words []string) *shift {
	t.Helper()
	dir := c.whole(t)
	c.restore(t, dir, name)
	s := &shift{wrong: "`" + name + "` is an older copy"}
	s.Platform = joined(t, c.bin, dir, hurried)
	s.plant(func() {}) // the platform is ready
	s.notices(t, afterRestore, words...)
	switch name {
	case "order", "catalog", "inventory", "payment", "shipping":
		s.rerun(t, name)
		s.healthy(t)
	case "query":
		s.repairs(t, []string{"query", "rebuild"})
		s.healthy(t)
	}
	s.Parts["platform"].Stop()
	return s
}

// olderEngine is the shift of a restored engine, which has forgotten an order that is under way.
func olderEngine(t *testing.T, c copies) *shift {
	t.Helper()
	dir := c.whole(t)
	s := &shift{wrong: "`temporal` is an older copy"}
	s.Platform = joined(t, c.bin, dir, hurried)
	release := s.halfway(t)
	s.Parts["platform"].Stop()
	c.restore(t, dir, "temporal")
	release()
	s.Platform = joined(t, c.bin, dir, hurried)
	s.plant(func() {})
	s.stopped(t, "the engine has no workflow of it: nothing works on it", "SAGA_MISSING", "saga_missing")
	s.Parts["platform"].Stop()
	return s
}
