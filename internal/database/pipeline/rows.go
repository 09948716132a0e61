package pipeline

import (
	"database/sql/driver"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// rows are the answer to a query that was sent with others. They are read
// completely, as all answers of one round trip are; GORM would do so anyway.
type rows struct {
	columns []string
	left    [][]driver.Value
}

// read reads a complete answer. Its values equal those of pgx's own driver.
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

// decoded are the types to decode, from text or binary: those that pgx's own driver
// decodes, and two that its codecs write as the server would (except 0.00, which
// becomes 0).
var decoded = map[uint32]bool{
	pgtype.BoolOID: true, pgtype.ByteaOID: true, pgtype.CIDOID: true, pgtype.DateOID: true,
	pgtype.Float4OID: true, pgtype.Float8OID: true, pgtype.Int2OID: true, pgtype.Int4OID: true, pgtype.Int8OID: true,
	pgtype.JSONOID: true, pgtype.JSONBOID: true, pgtype.OIDOID: true, pgtype.TimestampOID: true, pgtype.TimestamptzOID: true,
	pgtype.XIDOID: true, pgtype.XMLOID: true,
	pgtype.NumericOID: true, pgtype.UUIDOID: true,
}

// decode returns one value. pgx's own driver requests every other type as text,
// which a batch cannot do. So a binary value of such a type, an array or an interval
// for example, is an error instead of a surprise.
func decode(types *pgtype.Map, f pgconn.FieldDescription, raw []byte) (driver.Value, error) {
	if raw == nil {
		return nil, nil
	}
	t, known := types.TypeForOID(f.DataTypeOID)
	switch {
	case decoded[f.DataTypeOID]:
		return t.Codec.DecodeDatabaseSQLValue(types, f.DataTypeOID, f.Format, raw)
	case known && f.Format == pgx.BinaryFormatCode:
		return nil, fmt.Errorf("a column of type %s cannot be read by a statement that is sent together with others", t.Name)
	}
	return string(raw), nil
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
