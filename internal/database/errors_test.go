package database_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
)

// TestFaultOfTheEnginesErrors provokes every error instead of making it up.
func TestFaultOfTheEnginesErrors(t *testing.T) {
	t.Parallel()
	parent := int64(99)
	for name, tt := range map[string]struct {
		provoke func(db *gorm.DB) error
		kind    fault.Kind
		code    fault.Code
	}{
		"NoSuchRecord": {func(db *gorm.DB) error { return db.Take(&shelf{}, 42).Error }, fault.Business, fault.NotFound},
		"SameKey":      {func(db *gorm.DB) error { return db.Create(&shelf{ID: 1, Name: "b"}).Error }, fault.Bug, fault.Conflict},
		"SameName":     {func(db *gorm.DB) error { return db.Create(&shelf{ID: 2, Name: "a"}).Error }, fault.Bug, fault.Conflict},
		"NoParent": {func(db *gorm.DB) error {
			return db.Create(&shelf{ID: 2, Name: "b", Parent: &parent}).Error
		}, fault.Bug, fault.Conflict},
		"Check":   {func(db *gorm.DB) error { return db.Create(&shelf{ID: -1, Name: "b"}).Error }, fault.Bug, fault.Conflict},
		"NotNull": {func(db *gorm.DB) error { return db.Exec("UPDATE shelf SET name = NULL").Error }, fault.Bug, fault.Conflict},
		"NoTable": {func(db *gorm.DB) error { return db.Exec("SELECT * FROM nowhere").Error }, fault.Transient, fault.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, db *gorm.DB) {
				require.NoError(t, db.Create(&shelf{ID: 1, Name: "a"}).Error)
				cause := tt.provoke(db)
				require.Error(t, cause)

				err := database.Fault(fmt.Errorf("stock the shelf: %w", cause))

				require.Equal(t, tt.kind, fault.KindOf(err), "%v", err)
				require.Equal(t, tt.code, fault.CodeOf(err))
				require.ErrorIs(t, err, cause, "the cause is kept for the log")
				require.NotContains(t, fault.Of(err).Message, "shelf", "and its words from the client")

				// The same through a transaction.
				err = database.InTx(t.Context(), db, tt.provoke)
				require.Equal(t, tt.kind, fault.KindOf(err), "%v", err)
				require.Equal(t, tt.code, fault.CodeOf(err))
			})
		})
	}
}

type state string

func (s state) Error() string    { return "SQLSTATE " + string(s) }
func (s state) SQLState() string { return string(s) }

func TestFaultOfStates(t *testing.T) {
	t.Parallel()
	for s, want := range map[state][2]string{
		"40001": {"transient", "UNAVAILABLE"},
		"55P03": {"transient", "LOCKED"},
		"08003": {"transient", "UNAVAILABLE"},
		"57014": {"transient", "UNAVAILABLE"},
		"22001": {"bug", "INVALID"},
		"23P01": {"bug", "CONFLICT"},
		"XX000": {"transient", "INTERNAL"},
	} {
		err := database.Fault(s)
		require.Equal(t, want, [2]string{string(fault.KindOf(err)), string(fault.CodeOf(err))}, s)
	}
}

func TestFaultLeavesAlone(t *testing.T) {
	t.Parallel()
	own := fault.Errorf(fault.Business, "OUT_OF_STOCK", "none left: %w", gorm.ErrRecordNotFound)
	for _, err := range []error{
		nil,
		own,
		errors.New("anything"),
		context.DeadlineExceeded,
		fmt.Errorf("reserve: %w", context.Canceled),
	} {
		require.Equal(t, err, database.Fault(err))
	}
	require.Equal(t, fault.Unknown, fault.KindOf(database.Fault(context.DeadlineExceeded)))
}
