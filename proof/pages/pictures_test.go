package pages_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/web/browsertest"
)

var write = flag.Bool("write", false, "write the screenshots of the documents")

// folder has the screenshots of the documents.
const folder = "../../docs/pictures"

// picture is a page of the documents.
type picture struct {
	file string
	look browsertest.Look
	open func(t *testing.T, p platform, tab *browsertest.Tab)
}

var pictures = []picture{
	{"shop-products.webp", browsertest.Look{Width: 1280}, func(_ *testing.T, p platform, tab *browsertest.Tab) { tab.Go(p.shop + "/") }},
	{"shop-cart.webp", browsertest.Look{Width: 390, Dark: true}, func(_ *testing.T, p platform, tab *browsertest.Tab) {
		fillCart(p, tab)
		tab.Go(p.shop + "/cart")
	}},
	{"shop-checkout.webp", browsertest.Look{Width: 1280, Dark: true}, func(t *testing.T, p platform, tab *browsertest.Tab) {
		t.Helper()
		fillCart(p, tab)
		tab.Go(p.shop + "/checkout")
		fillAddress(t, tab, berlin)
	}},
	{"shop-order-live.webp", browsertest.Look{Width: 390}, func(t *testing.T, p platform, tab *browsertest.Tab) {
		t.Helper()
		order(t, p, tab, "tok_slow")
	}},
	{"shop-order.webp", browsertest.Look{Width: 1280}, func(t *testing.T, p platform, tab *browsertest.Tab) {
		t.Helper()
		order(t, p, tab, "tok_visa")
		tab.Shows("Your order is paid")
		tab.Go(tab.Address())
	}},
	{"console-home.webp", browsertest.Look{Width: 1280}, func(t *testing.T, p platform, tab *browsertest.Tab) {
		t.Helper()
		p.flagged(t)
		p.signIn(tab)
		tab.Shows("Waiting longest")
	}},
	{"console-order.webp", browsertest.Look{Width: 1280}, func(t *testing.T, p platform, tab *browsertest.Tab) {
		t.Helper()
		p.showOrder(tab, p.flagged(t), "needs a person")
	}},
	{"console-order-choreographed.webp", browsertest.Look{Width: 1280, Dark: true}, func(t *testing.T, p platform, tab *browsertest.Tab) {
		t.Helper()
		p.showOrder(tab, p.place(t, "tok_capture_declined", "choreographed"), "PAYMENT_DECLINED")
	}},
	{"console-events.webp", browsertest.Look{Width: 1280}, func(t *testing.T, p platform, tab *browsertest.Tab) {
		t.Helper()
		p.place(t, "tok_visa", "choreographed")
		p.signIn(tab)
		tab.Go(p.admin + "/console/events")
		tab.Shows("follows")
	}},
}

func fillCart(p platform, tab *browsertest.Tab) {
	for _, sku := range []string{"MUG-STONEWARE", "KETTLE-STEEL"} {
		tab.Go(p.shop + "/products/" + sku)
		tab.Submit("main form button")
	}
}

// order places an order, and stays at its page.
func order(t *testing.T, p platform, tab *browsertest.Tab, token string) {
	t.Helper()
	fillCart(p, tab)
	tab.Go(p.shop + "/checkout")
	fillAddress(t, tab, berlin)
	browsertest.Eval[bool](tab, "document.getElementById('payment_token').value = '"+token+"', true")
	tab.Submit("form.checkout button")
}

// TestPictures opens the pages of the documents. With -write it takes their screenshots anew,
// see `make screenshots`; a page that was renamed fails here.
func TestPictures(t *testing.T) {
	t.Parallel()
	p := start(t)
	for _, picture := range pictures {
		t.Run(picture.file, func(t *testing.T) {
			t.Parallel()
			tab := browsertest.Visit(t)
			tab.Look(picture.look)
			picture.open(t, p, tab)
			file := filepath.Join(folder, picture.file)
			if *write {
				tab.Screenshot(file)
			}
			size, err := os.Stat(file)
			require.NoError(t, err, "make screenshots")
			require.Less(t, size.Size(), int64(60_000), "a document is small")
			require.Empty(t, tab.Errors())
		})
	}
}
