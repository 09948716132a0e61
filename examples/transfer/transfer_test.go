package transfer_test

import (
	"path/filepath"
	"testing"
	"time"

	"example.org/sagas/transfer"
	"github.com/glebarez/sqlite"
	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/barrier"
)

// testBundle is two banks. Ada has 100 cents at one, Bo has none at the other.
type testBundle struct{ sender, receiver transfer.Bank }

func setup(t *testing.T) testBundle {
	t.Helper()
	b := testBundle{sender: open(t, "sender"), receiver: open(t, "receiver")}
	require.NoError(t, b.sender.DB.Exec("INSERT INTO account VALUES ('ada', 100)").Error)
	require.NoError(t, b.receiver.DB.Exec("INSERT INTO account VALUES ('bo', 0)").Error)
	return b
}

// open returns a bank whose database is a file of its own.
func open(t *testing.T, name string) transfer.Bank {
	t.Helper()
	// Every transaction writes, so it takes the write lock when it begins.
	dsn := "file:" + filepath.Join(t.TempDir(), name) + "?_txlock=immediate&_pragma=busy_timeout(5000)"
	db, err := gorm.Open(sqlite.Open(dsn), &gorm.Config{Logger: logger.Discard})
	require.NoError(t, err)
	pool, err := db.DB()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, pool.Close()) })

	migrations, err := goose.NewProvider(goose.DialectSQLite3, pool, barrier.Migrations)
	require.NoError(t, err)
	_, err = migrations.Up(t.Context())
	require.NoError(t, err)
	require.NoError(t, db.Exec("CREATE TABLE account (id text PRIMARY KEY, cents bigint NOT NULL CHECK (cents >= 0))").Error)
	require.NoError(t, db.Exec(`CREATE TABLE receipt (id text PRIMARY KEY, "from" text NOT NULL, "to" text NOT NULL, cents bigint NOT NULL)`).Error)
	return transfer.Bank{DB: db}
}

// move runs the workflow, as a fresh run of it would after any number of others.
func (b testBundle) move(t *testing.T, in transfer.Transfer) saga.View {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment().SetTestTimeout(time.Minute) // also on a loaded machine
	b.sender.BindSender(env)
	b.receiver.BindReceiver(env)
	env.ExecuteWorkflow(transfer.Move, in)
	require.NoError(t, env.GetWorkflowError())
	var v saga.View
	require.NoError(t, env.GetWorkflowResult(&v))
	return v
}

// requireBooks checks both balances, and the number of receipts.
func (b testBundle) requireBooks(t *testing.T, ada, bo, receipts int64) {
	t.Helper()
	require.Equal(t, ada, number(t, b.sender.DB, "SELECT cents FROM account WHERE id = 'ada'"))
	require.Equal(t, bo, number(t, b.receiver.DB, "SELECT cents FROM account WHERE id = 'bo'"))
	require.Equal(t, receipts, number(t, b.sender.DB, "SELECT count(*) FROM receipt"))
}

func number(t *testing.T, db *gorm.DB, query string) (n int64) {
	t.Helper()
	require.NoError(t, db.Raw(query).Scan(&n).Error)
	return n
}

func TestMove(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		claim             string
		in                transfer.Transfer
		ends              saga.Phase
		reason            fault.Code
		withdrawn         saga.State
		ada, bo, receipts int64
	}{
		{
			"Commits",
			transfer.Transfer{ID: "t-1", From: "ada", To: "bo", Cents: 70},
			saga.Committed, "", saga.Done, 30, 70, 1,
		},
		{
			"GivesBackWhatCannotBeDeposited",
			transfer.Transfer{ID: "t-2", From: "ada", To: "nobody", Cents: 70},
			saga.Aborted, "REFUSED", saga.Undone, 100, 0, 0,
		},
		{
			"DepositsNothingThatIsNotThere",
			transfer.Transfer{ID: "t-3", From: "ada", To: "bo", Cents: 101},
			saga.Aborted, "REFUSED", saga.Refused, 100, 0, 0,
		},
	} {
		t.Run(tc.claim, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			v := b.move(t, tc.in)
			require.Equal(t, tc.ends, v.Phase)
			require.Equal(t, tc.reason, v.Reason)
			withdrawal, _ := v.Step("bank.withdraw")
			require.Equal(t, tc.withdrawn, withdrawal.State)
			b.requireBooks(t, tc.ada, tc.bo, tc.receipts)

			// A second run of the same saga ends the same and changes nothing.
			require.Equal(t, tc.ends, b.move(t, tc.in).Phase)
			b.requireBooks(t, tc.ada, tc.bo, tc.receipts)
		})
	}
}
