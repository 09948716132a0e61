package database

import (
	"database/sql/driver"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// rows are the answer to a query that was sent with others. They are read whole,
// because the answers of one round trip are: GORM would do that anyway.
type rows struct {
	columns []string
	left    [][]driver.Value
}

// read reads a whole answer, with the values that pgx's own driver would give.
func read(answer pgx.Rows, types *pgtype.Map) (*rows, error) {
	defer answer.Close()
	fields := answer.FieldDescriptions()
	all := &rows{columns: make([]string, len(fields))}
	for i, f := range fields {
		all.columns[i] = f.Name
	}
	for answer.Next() {
		line := make([]driver.Value, len(fields))
		for i, raw := range answer.RawValues() {
			var err error
			if line[i], err = decode(types, fields[i], raw); err != nil {
				return nil, err
			}
		}
		all.left = append(all.left, line)
	}
	return all, answer.Err()
}

// decode returns one value. What pgx's own driver would ask for as text and has
// come in another format, such as an array, is an error and no surprise.
func decode(types *pgtype.Map, f pgconn.FieldDescription, raw []byte) (driver.Value, error) {
	if raw == nil {
		return nil, nil
	}
	t, known := types.TypeForOID(f.DataTypeOID)
	if !known { // then pgx asked for it as text
		return string(raw), nil
	}
	value, err := t.Codec.DecodeDatabaseSQLValue(types, f.DataTypeOID, f.Format, raw)
	switch f.DataTypeOID {
	case pgtype.ByteaOID, pgtype.JSONOID, pgtype.JSONBOID:
		return value, err
	}
	if _, isRaw := value.([]byte); isRaw && err == nil {
		err = fmt.Errorf("a column of type %s cannot be read by the first statement of a transaction", t.Name)
	}
	return value, err
}

// Columns implements [driver.Rows].
func (r *rows) Columns() []string { return r.columns }

// Close implements [driver.Rows].
func (*rows) Close() error { return nil }

// Next implements [driver.Rows].
func (r *rows) Next(dest []driver.Value) error {
	if len(r.left) == 0 {
		return io.EOF
	}
	copy(dest, r.left[0])
	r.left = r.left[1:]
	return nil
}
