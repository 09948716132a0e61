package shop

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"time"
)

type line struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

// warehouseUnits are the units of one SKU in one warehouse that can be ordered.
type warehouseUnits struct {
	Warehouse string `json:"warehouse"`
	Available int64  `json:"available"`
}

func sum(units []warehouseUnits) (n int64) {
	for _, u := range units {
		n += u.Available
	}
	return n
}

// available returns the stock of a SKU by warehouse: the shop's own, or that of the inventory
// service.
func (s *Shop) available(ctx context.Context, sku string) ([]warehouseUnits, error) {
	if d := s.door.Load(); d != nil {
		return d.stock(ctx, sku)
	}
	rows, err := s.db.QueryContext(ctx, "SELECT warehouse, available FROM stock WHERE sku = ? ORDER BY warehouse", sku)
	if err != nil {
		return nil, err
	}
	return scan(rows, func(u *warehouseUnits) []any { return []any{&u.Warehouse, &u.Available} })
}

func (s *Shop) getStock(r *http.Request) (any, error) {
	units, err := s.available(r.Context(), r.PathValue("sku"))
	if err != nil {
		return nil, err
	}
	if len(units) == 0 {
		return nil, refuse(http.StatusNotFound, "NOT_FOUND", "no warehouse ever received it")
	}
	return struct {
		SKU        string           `json:"sku"`
		Available  int64            `json:"available"`
		Warehouses []warehouseUnits `json:"warehouses"`
		AsOf       time.Time        `json:"as_of"`
	}{r.PathValue("sku"), sum(units), units, time.Now().UTC()}, nil
}

type checkedLine struct {
	SKU       string `json:"sku"`
	Requested int64  `json:"requested"`
	Available int64  `json:"available"`
	OK        bool   `json:"ok"`
}

func (s *Shop) checkStock(r *http.Request) (any, error) {
	var asked struct {
		Lines []line `json:"lines"`
	}
	if err := read(r, &asked); err != nil {
		return nil, err
	}
	answer := struct {
		Available bool          `json:"available"`
		Lines     []checkedLine `json:"lines"`
	}{true, []checkedLine{}}
	for _, l := range asked.Lines {
		units, err := s.available(r.Context(), l.SKU)
		if err != nil {
			return nil, err
		}
		c := checkedLine{l.SKU, l.Quantity, sum(units), sum(units) >= l.Quantity}
		answer.Lines, answer.Available = append(answer.Lines, c), answer.Available && c.OK
	}
	return answer, nil
}

// take takes the units of all lines from the shop's own stock, each line from one warehouse,
// and reports whether all were there. If not, it has taken none.
func take(ctx context.Context, tx *sql.Tx, lines []line) (bool, error) {
	from := make([]string, len(lines))
	for i, l := range lines {
		err := tx.QueryRowContext(ctx, "SELECT warehouse FROM stock WHERE sku = ? AND available >= ? ORDER BY available DESC, warehouse LIMIT 1",
			l.SKU, l.Quantity).Scan(&from[i])
		if errors.Is(err, sql.ErrNoRows) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	for i, l := range lines { // each SKU is in one line, and no other transaction writes
		_, err := tx.ExecContext(ctx, "UPDATE stock SET available = available - ?, sold = sold + ?, version = version + 1 WHERE sku = ? AND warehouse = ?",
			l.Quantity, l.Quantity, l.SKU, from[i])
		if err != nil {
			return false, err
		}
	}
	return true, nil
}
