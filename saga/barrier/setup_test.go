package barrier_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/barrier"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const outOfStock fault.Code = "OUT_OF_STOCK"

// effects is the business table of these tests: every effect that commits leaves
// one line.
var effects = fstest.MapFS{"00002_effect.sql": {Data: []byte(`
-- +goose Up
CREATE TABLE effect (saga text NOT NULL, name text NOT NULL);
-- +goose Down
DROP TABLE effect;
`)}}

var migrate = database.Schema{barrier.Migrations, effects}.Migrate

type request struct {
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity"`
}

type outcome struct {
	Reservation string `json:"reservation"`
}

var (
	mugs     = request{SKU: "MUG", Quantity: 2}
	reserved = outcome{Reservation: "res_1"}
)

// testBundle is one step of one saga and the database it acts in.
type testBundle struct {
	db  *gorm.DB
	key barrier.Key
}

func (b testBundle) call() barrier.Call {
	return barrier.Call{Key: b.key, Fingerprint: barrier.Fingerprint(1, "MUG", "2"), Request: mugs}
}

func (b testBundle) other() barrier.Call {
	return barrier.Call{Key: b.key, Fingerprint: barrier.Fingerprint(1, "MUG", "3"), Request: mugs}
}

// effect leaves a line.
func (b testBundle) effect(name string) func(tx *gorm.DB) error {
	return func(tx *gorm.DB) error {
		return tx.Exec("INSERT INTO effect (saga, name) VALUES (?, ?)", b.key.Saga, name).Error
	}
}

// reserve is the effect of a do that succeeds.
func (b testBundle) reserve(tx *gorm.DB) (outcome, error) { return reserved, b.effect("do")(tx) }

// refuse is the effect of a do that writes, and then is declined.
func (b testBundle) refuse(tx *gorm.DB) (outcome, error) {
	if err := b.effect("do")(tx); err != nil {
		return outcome{}, err
	}
	return outcome{}, refusal()
}

func refusal() *fault.Error {
	return fault.Errorf(fault.Business, outOfStock, "2 of MUG are not there")
}

// release is the effect of an undo.
func (b testBundle) release(tx *gorm.DB, _ outcome) error { return b.effect("undo")(tx) }

// ran returns how many effects of that name have committed.
func (b testBundle) ran(t *testing.T, name string) int {
	t.Helper()
	var n int64
	require.NoError(t, b.db.WithContext(t.Context()).Table("effect").
		Where("saga = ? AND name = ?", b.key.Saga, name).Count(&n).Error)
	return int(n)
}

// state returns the state in the ledger, "" if there is no row.
func (b testBundle) state(t *testing.T) barrier.State {
	t.Helper()
	var states []barrier.State
	require.NoError(t, b.db.WithContext(t.Context()).Table("barrier").
		Where("saga = ? AND step = ? AND generation = ?", b.key.Saga, b.key.Step, b.key.Generation).
		Pluck("state", &states).Error)
	if len(states) == 0 {
		return ""
	}
	return states[0]
}

// rows returns the number of rows in the ledger, of whichever key.
func (b testBundle) rows(t *testing.T) (n int64) {
	t.Helper()
	require.NoError(t, b.db.WithContext(t.Context()).Table("barrier").Count(&n).Error)
	return n
}

// each runs body on both databases, and on both drivers of PostgreSQL, with a step that nothing happened to.
func each(t *testing.T, body func(t *testing.T, b testBundle)) {
	t.Helper()
	dbtest.Each(t, migrate, func(t *testing.T, db *gorm.DB) {
		body(t, testBundle{db, barrier.Key{Saga: "ord_1", Step: "inventory.reserve"}})
	})
}

func requireFault(t *testing.T, kind fault.Kind, code fault.Code, err error) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, code, fault.CodeOf(err), "%v", err)
	require.Equal(t, kind, fault.KindOf(err), "%v", err)
}
