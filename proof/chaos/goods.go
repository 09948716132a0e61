package chaos

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/catalog"
)

// The products. Tea comes from either of two warehouses, the rest from one, so
// that an order of several lines may be several parcels.
const (
	tea     = "TEA"
	mug     = "MUG"
	kettle  = "KETTLE"
	hot     = "HOT"      // fewer than customers want
	soldOut = "SOLD-OUT" // there is none
	retired = "RETIRED"  // cannot be ordered any more
	unknown = "NO-SUCH"  // never could
)

// currency of every price.
const currency = "EUR"

// prices are the first prices, in cents.
var prices = map[string]int64{tea: 1299, mug: 1850, kettle: 8900, hot: 14900, soldOut: 999, retired: 999}

// plenty is the stock of a product that never sells out.
const plenty = 100_000

// priceList is the catalog's history: each version raises every price by as many
// cents as its number, so that a total tells its version.
type priceList struct {
	mu      sync.Mutex
	version int64 // the last attempt
}

// next returns a new version.
func (l *priceList) next() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.version++
	return l.version
}

// of returns the price of a product in a version.
func (l *priceList) of(sku string, version int64) int64 { return prices[sku] + version }

// ever reports whether a total was right at some time: all lines of one version.
func (l *priceList) ever(total int64, lines map[string]int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for version := range l.version + 1 {
		var sum int64
		for sku, quantity := range lines {
			sum += quantity * l.of(sku, version)
		}
		if sum == total {
			return true
		}
	}
	return false
}

// products returns a version as the catalog's tool reads it.
func (l *priceList) products(version int64) ([]byte, error) {
	var all []catalog.Product
	for sku := range prices {
		all = append(all, catalog.Product{
			SKU: sku, Name: sku, Category: "goods", Price: money.New(l.of(sku, version), currency), Active: sku != retired,
		})
	}
	return json.Marshal(all)
}

// stock gives the platform its products and their stock.
func (p *platform) stock(ctx context.Context, hotStock int) error {
	if err := p.importPrices(ctx, 0); err != nil {
		return err
	}
	for _, d := range []struct {
		sku, warehouse string
		quantity       int
	}{{tea, "AMS", plenty}, {tea, "BER", plenty}, {mug, "BER", plenty}, {kettle, "AMS", plenty}, {hot, "BER", hotStock}} {
		if err := p.tool(ctx, nil, "stock", "receive", d.sku, strconv.Itoa(d.quantity), "--warehouse", d.warehouse, "--new"); err != nil {
			return err
		}
	}
	return nil
}

// importPrices brings a version of the prices into the catalog.
func (p *platform) importPrices(ctx context.Context, version int64) error {
	list, err := p.prices.products(version)
	if err != nil {
		return err
	}
	return p.tool(ctx, list, "catalog", "import", "-")
}
