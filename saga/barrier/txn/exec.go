package txn

import (
	"strconv"
	"strings"

	"gorm.io/gorm"
)

// Exec executes plain SQL in tx and returns the number of rows that it wrote. It is
// tx.Exec for the statements of every step of every saga: GORM takes them apart and
// builds them anew each time. Each ? of the SQL stands for one argument.
func Exec(tx *gorm.DB, sql string, args ...any) (rows int64, err error) {
	if tx.Name() == "postgres" {
		sql = numbered(sql)
	}
	res, err := tx.Statement.ConnPool.ExecContext(tx.Statement.Context, sql, args...)
	if err != nil {
		return 0, err //nolint:wrapcheck // the database's, which the caller classifies
	}
	return res.RowsAffected() //nolint:wrapcheck // as above
}

// numbered returns SQL with $1, $2 and so on instead of each ?.
func numbered(sql string) string {
	var out strings.Builder
	out.Grow(len(sql) + 2*strings.Count(sql, "?"))
	n := int64(0)
	for {
		before, after, found := strings.Cut(sql, "?")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		n++
		var digits [20]byte
		out.WriteByte('$')
		out.Write(strconv.AppendInt(digits[:0], n, 10))
		sql = after
	}
}
