package database_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
)

// TestAPoolerNeedsOneSetting takes the prepared statements away from a session, as a
// pooler does that gives a transaction the session of another one.
func TestAPoolerNeedsOneSetting(t *testing.T) {
	t.Parallel()

	for name, tt := range map[string]struct{ setting, want string }{
		"WithoutIt": {"", "UNAVAILABLE: the database refuses a prepared statement or a setting; through a pooler such as PgBouncer in transaction mode, the DSN needs default_query_exec_mode=exec"},
		"WithIt":    {"&default_query_exec_mode=exec", ""},
		"OrSimply":  {"&default_query_exec_mode=simple_protocol", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, unpipelined := range []bool{false, true} {
				if unpipelined && tt.setting != "" {
					_, err := database.Open(t.Context(), dbtest.Postgres(t)+tt.setting, database.Options{NoPipeline: true})
					require.ErrorContains(t, err, "needs the pipeline")
					require.Equal(t, fault.Invalid, fault.CodeOf(err))
					continue
				}
				db := dbtest.Open(t, dbtest.Postgres(t)+tt.setting, database.Options{MaxConns: 1, NoPipeline: unpipelined})
				require.NoError(t, migrate(t.Context(), db))
				id := int64(0)
				write := func() error {
					id++
					return database.InTx(t.Context(), db, func(tx *gorm.DB) error {
						if err := tx.Create(&shelf{ID: 2 * id, Name: string(rune('a' + 2*id)), Stocked: database.Now()}).Error; err != nil {
							return err
						}
						return database.Queue(tx, 1).Create(&shelf{ID: 2*id + 1, Name: string(rune('b' + 2*id)), Stocked: database.Now()}).Error
					})
				}
				require.NoError(t, write())
				require.NoError(t, db.Exec("DEALLOCATE ALL").Error)
				if err := write(); tt.want != "" {
					require.EqualError(t, err, tt.want)
				} else {
					require.NoError(t, err)
				}
			}
		})
	}

	t.Run("WhichMakesSettingsForOneTransaction", func(t *testing.T) {
		t.Parallel()
		db := dbtest.Open(t, dbtest.Postgres(t)+"&default_query_exec_mode=exec", database.Options{MaxConns: 1, LockTimeout: 1500 * time.Millisecond})
		show := func(db *gorm.DB) (all [3]string) {
			for i, setting := range []string{"lock_timeout", "idle_in_transaction_session_timeout", "timezone"} {
				require.NoError(t, db.Raw("SHOW "+setting).Scan(&all[i]).Error)
			}
			return all
		}
		require.Equal(t, [3]string{"0", "0", "UTC"}, show(db), "a pooler refuses other settings of a session")
		require.NoError(t, database.InTx(t.Context(), db, func(tx *gorm.DB) error {
			require.Equal(t, [3]string{"1500ms", "1min", "UTC"}, show(tx))
			return nil
		}))
		require.Equal(t, [3]string{"0", "0", "UTC"}, show(db))
	})
}
