package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/legacy/compare"
	"github.com/amends/amends/api/legacy/route"
	"github.com/amends/amends/proof/enginetest"
)

// build builds a binary and returns its path.
func build(t *testing.T, dir, pkg, name string) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), name)
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", bin, pkg)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return bin
}

// A shop moves from a monolith to services, back and forth again, while its customers never
// stop.
func TestAShopIsStrangled(t *testing.T) {
	t.Parallel()
	var told strings.Builder
	o := Options{
		Amends: build(t, "../..", "./cmd/amends", "amends"), Monolith: build(t, "../../examples/monolith", ".", "monolith"), Temporal: enginetest.CLI(t),
		Dir: t.TempDir(), Orders: 200, Crowd: 4, Patient: true, Out: &told,
	}
	if testing.Short() {
		o.Orders = 20
	}
	err := Tell(t.Context(), o)
	t.Log(told.String())
	require.NoError(t, err)
}

// The checks of the story must find what they are for.
func TestTheBooksFindWhatIsWrong(t *testing.T) {
	t.Parallel()
	orders := []placed{{id: "there", side: "legacy"}, {id: "here", side: "service"}}
	good := func() books {
		return books{
			there: map[string]string{"there": "CONFIRMED"}, here: map[string]string{"here": "CONFIRMED"},
			written: map[string]string{"here": "CONFIRMED"}, imported: map[string]string{"there": "CONFIRMED"},
			mailedThere: map[string]int{"there": 1}, mailedHere: map[string]int{"here": 1},
			unitsThere: 2, unitsHere: 3, moneyHere: 100, totalsHere: 100, stockHere: 5, receivedAll: 10,
		}
	}
	require.Empty(t, good().wrong(orders, true, true))
	for name, c := range map[string]struct {
		damage func(*books)
		want   string
	}{
		"ALostOrder":             {func(b *books) { delete(b.there, "there"); delete(b.imported, "there") }, "order there is lost"},
		"AnOrderThatComesTwice":  {func(b *books) { b.here["there"] = "CONFIRMED"; b.written["there"] = "CONFIRMED" }, "order there was placed at both sides"},
		"AnOrderOfNoCustomer":    {func(b *books) { b.here["x"] = "CONFIRMED"; b.written["x"] = "CONFIRMED" }, "the services have order x, which no customer has placed"},
		"AnOrderNotWrittenBack":  {func(b *books) { delete(b.written, "here") }, `order here is CONFIRMED here, and "" at the monolith`},
		"AMailThatComesTwice":    {func(b *books) { b.mailedHere["here"] = 2 }, "order here has 0 mails of the monolith and 2 of the services"},
		"AMailOfAnImportedOrder": {func(b *books) { b.mailedHere["there"] = 1 }, "imported order there is not the monolith's, or was told"},
		"MoneyThatIsMissing":     {func(b *books) { b.moneyHere = 99 }, "the services have taken 99 cents for orders of 100"},
		"StockThatIsMissing":     {func(b *books) { b.stockHere = 4 }, "of 10 units 4 are available and 5 sold"},
		"StockThatIsHeld":        {func(b *books) { b.reservedHere = 1 }, "1 units are held, and no order is under way"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := good()
			c.damage(&b)
			require.Contains(t, b.wrong(orders, true, true), c.want)
		})
	}
}

// A difference of the stock is found by the routes of the story, and that of orders which come
// between two answers is none.
func TestStockIsCompared(t *testing.T) {
	t.Parallel()
	f, err := route.Read(fmt.Appendf(nil, routes, "127.0.0.1:9901"))
	require.NoError(t, err)
	for name, body := range map[string]string{
		"products": `{"products": [{"sku": "A", "available": 1000}, {"sku": "B", "available": %d}], "as_of": "x"}`,
		"stock":    `{"sku": "B", "available": %[1]d, "warehouses": [{"warehouse": "BER", "available": %[1]d}], "as_of": "x"}`,
	} {
		r, found := f.Find(name)
		require.True(t, found)
		rules, one := compare.New(r.Compare), compare.Answer{Status: 200, Body: fmt.Appendf(nil, body, 500)}
		require.Empty(t, rules.Differences(one, compare.Answer{Status: 200, Body: fmt.Appendf(nil, body, 460)}), name)
		require.NotEmpty(t, rules.Differences(one, compare.Answer{Status: 200, Body: fmt.Appendf(nil, body, 400)}), name)
	}
}
