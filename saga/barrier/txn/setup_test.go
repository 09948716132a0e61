package txn_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"gorm.io/gorm"

	"github.com/amends/amends/proof/dbtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stateError stands for PostgreSQL's errors, codeError for SQLite's.
type (
	stateError string
	codeError  int
)

func (e stateError) Error() string    { return "secret detail of SQLSTATE " + string(e) }
func (e stateError) SQLState() string { return string(e) }
func (e codeError) Error() string     { return fmt.Sprintf("secret detail of code %d", int(e)) }
func (e codeError) Code() int         { return int(e) }

// account makes a table with two rows.
func account(ctx context.Context, db *gorm.DB) error {
	if err := db.WithContext(ctx).Exec("CREATE TABLE account (id bigint PRIMARY KEY, balance bigint NOT NULL)").Error; err != nil {
		return err
	}
	return db.WithContext(ctx).Exec("INSERT INTO account (id, balance) VALUES (1, 0), (2, 0)").Error
}

func each(t *testing.T, body func(t *testing.T, db *gorm.DB)) {
	t.Helper()
	dbtest.Each(t, account, body)
}

func add(tx *gorm.DB, id int) error {
	return tx.Exec("UPDATE account SET balance = balance + 1 WHERE id = ?", id).Error
}

func balance(t *testing.T, db *gorm.DB, id int) (n int) {
	t.Helper()
	require.NoError(t, db.WithContext(t.Context()).Raw("SELECT balance FROM account WHERE id = ?", id).Scan(&n).Error)
	return n
}
