package pages_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/web/browsertest"
	"github.com/amends/amends/web/console"
)

// TestPagesAreLight weighs each page as a new visitor gets it, with all the files that it loads.
// Run it with -v for the times of the answer and of the first paint.
func TestPagesAreLight(t *testing.T) {
	t.Parallel()
	p := start(t)
	buyer := browsertest.Visit(t)
	order(t, p, buyer, "tok_visa")
	buyer.Shows("Your order is paid")
	paid := buyer.Address()
	fillCart(p, buyer)
	flagged := p.flagged(t)
	operator := browsertest.Visit(t)
	p.signIn(operator)
	weigh(t, buyer,
		p.shop+"/", p.shop+"/?q=mug", p.shop+"/products/MUG-STONEWARE", p.shop+"/cart", p.shop+"/checkout", p.shop+"/orders", paid,
		p.shop+"/sign-in", p.shop+"/register")
	for _, page := range console.Pages {
		weigh(t, operator, p.admin+console.Below+page.Path)
	}
	weigh(t, operator, p.admin+console.Below+"/orders/"+flagged)
}

// weigh opens pages.
func weigh(t *testing.T, tab *browsertest.Tab, urls ...string) {
	t.Helper()
	for _, url := range urls {
		tab.Go(url)
		cost := tab.Cost()
		t.Logf("%s: %d bytes, answer of the server after %s, first paint after %s", url, cost.Bytes, cost.Answer, cost.Paint)
		require.Less(t, cost.Bytes, 100_000, url)
	}
}
