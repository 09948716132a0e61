package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/audit"
	inventoryaudit "github.com/amends/amends/services/inventory/audit"
	paymentaudit "github.com/amends/amends/services/payment/audit"
	shippingaudit "github.com/amends/amends/services/shipping/audit"
	doctorflow "github.com/amends/amends/workflows/doctor"
	"github.com/amends/amends/workflows/doctor/judge"
)

// decideAfter is how long an order may stay undecided here: long enough for a machine under load.
const decideAfter = 20 * time.Second

var nightShift = []string{"AMENDS_OPERATOR_TOKENS=night=night-night-night-1", "AMENDS_SAGA_DECIDE_AFTER=" + decideAfter.String()}

// ward is a platform whose databases are restored.
type ward struct {
	*platformUnderTest
	dir, engine string
}

func openWard(t *testing.T, dir string) ward {
	t.Helper()
	p := startDevWith(t, dir, nightShift)
	return ward{p, dir, engineOf(t, dir)}
}

// examine runs the doctor, and returns its report.
func (w ward) examine(t *testing.T, args ...string) (r doctorflow.Report) {
	t.Helper()
	out, _ := once(t, nil, append([]string{"doctor", "--json", "--grace", "0s", "--pause", "10ms", "--temporal-address", w.engine}, args...)...)
	require.NoError(t, json.Unmarshal([]byte(out), &r), out)
	return r
}

// rerun has an operator rerun an order, until that is answered: a repeat does no harm.
func (w ward) rerun(t *testing.T, id string) {
	t.Helper()
	var err error
	require.Eventually(t, func() bool {
		_, err = once(t, []string{token}, "repair", id, "--action", "rerun", "--reason", "an older copy was restored", "--admin-addr", w.admin)
		return err == nil
	}, patience, time.Second, "%s: %v", id, err)
}

// wrong returns the kinds of the findings of a report that are errors, and their orders, each once.
func wrong(r doctorflow.Report) (kinds []audit.Kind, orders []string) {
	kinds = []audit.Kind{}
	for _, f := range r.Findings {
		if f.Severity == judge.Error {
			kinds, orders = append(kinds, f.Kind), append(orders, f.Order)
		}
	}
	slices.Sort(kinds)
	slices.Sort(orders)
	return slices.Compact(kinds), slices.Compact(orders)
}

// backup copies a database of a running platform.
func backup(t *testing.T, dir, name string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), name+".db")
	db := dbtest.Open(t, "sqlite:"+filepath.Join(dir, name+".db"), database.Options{})
	require.NoError(t, db.Exec("VACUUM INTO ?", to).Error)
	return to
}

// copied returns a copy of a data folder whose platform has ended.
func copied(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	require.NoError(t, os.CopyFS(to, os.DirFS(dir)))
	require.NoError(t, os.Chmod(to, 0o700))
	return to
}

// restored has the findings that are errors after each database was restored, those that the
// others know better; a database without findings is one that orders do not need.
var restored = map[string][]audit.Kind{
	"order":     {judge.UnknownOrder},
	"catalog":   {judge.Quote},
	"inventory": {judge.ParcelMissing, inventoryaudit.StockNotSold},
	"payment":   {paymentaudit.MoneyNotTaken, paymentaudit.ProviderBook},
	"shipping":  {shippingaudit.CarrierBook, judge.ParcelMissing},
	"query":     {}, "notification": {}, "user": {}, "support": {}, "temporal": {},
}

// Every database of a running platform is restored to an older copy, each by itself. Then the
// steps of docs/runbooks/restore.md are done: the doctor names the orders, an operator reruns
// them, and nothing is wrong any more.
func TestEveryDatabaseIsRestored(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	w := openWard(t, dir)
	place(t, w.api, "before", "tok_visa", true)
	copies := map[string]string{}
	for name := range restored {
		copies[name] = backup(t, dir, name)
	}
	paid := text(t, place(t, w.api, "paid", "tok_visa", true)["id"])
	place(t, w.api, "refused", "tok_declined", true)
	placed := time.Now()
	require.NoError(t, w.end(t))

	for name, kinds := range restored {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := copied(t, dir)
			for _, left := range []string{"", "-wal", "-shm"} {
				require.NoError(t, os.RemoveAll(filepath.Join(dir, name+".db"+left)))
			}
			content, err := os.ReadFile(copies[name])
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, name+".db"), content, 0o600))
			w := openWard(t, dir)
			require.Eventually(t, func() bool { return time.Since(placed) > decideAfter }, patience, tick, "decide-by passes")

			found, orders := wrong(w.examine(t, "--dry-run"))
			require.Equal(t, kinds, found)
			for _, id := range orders {
				w.rerun(t, id)
			}
			if name == "query" {
				_, err := once(t, nil, "query", "rebuild", "--data-dir", dir)
				require.NoError(t, err)
			}
			r := w.examine(t)
			found, _ = wrong(r)
			require.Empty(t, found, "%v", r.Findings)
			require.Equal(t, len(orders) > 0, slices.Contains(orders, paid))
			if len(orders) > 0 {
				_, o := call(t, http.MethodGet, w.api+"/v1/orders/"+paid, "", nil)
				require.Equal(t, "CONFIRMED", o["status"])
			}
		})
	}
}
