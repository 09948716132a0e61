package sale

import (
	"net/http"
	"net/url"
	"strconv"
	"sync"

	"github.com/amends/amends/api/client"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/web/shop/ask"
	"github.com/amends/amends/web/shop/cookie"
	"github.com/amends/amends/web/shop/visit"
)

// item is a line of a cart as the visitor sees it.
type item struct {
	cookie.Line

	Name  string
	Price *client.Money // of one unit; nil: it is not known
	Sum   *client.Money
	// Trouble names the text that tells why the line may not be ordered as it is; empty: none.
	Trouble string
	Left    int64 // units that there are, if they are too few
}

// basket is a cart with the products in it.
type basket struct {
	Items []item
	Total *client.Money // nil: it is not known
	Key   string
	Lines string // the cart as it was shown; the form sends it
}

// Currency returns the one in which the cart is paid, "" if it is not known.
func (b basket) Currency() string {
	if b.Total == nil {
		return ""
	}
	return b.Total.Currency
}

// Ready reports whether the cart can be ordered as it is.
func (b basket) Ready() bool {
	for _, i := range b.Items {
		if i.Trouble == "gone" || i.Trouble == "few" || i.Trouble == "none" {
			return false
		}
	}
	return len(b.Items) > 0 && b.Total != nil
}

// basketOf asks for the products of a cart, all at once. One that does not answer is shown
// without its name.
func basketOf(v *visit.Visit) basket {
	b := basket{Items: make([]item, len(v.Cart.Lines)), Key: v.Cart.Key, Lines: v.Cart.String()}
	var all sync.WaitGroup
	for i, line := range v.Cart.Lines {
		all.Go(func() { b.Items[i] = itemOf(v, line) })
	}
	all.Wait()
	b.Total = total(b.Items)
	return b
}

func itemOf(v *visit.Visit, line cookie.Line) item {
	i := item{Line: line, Name: line.SKU}
	p, _, err := ask.Read[client.Product](v.API().GetProduct(v.R.Context(), line.SKU))
	switch {
	case ask.StatusOf(err) == http.StatusNotFound:
		i.Trouble = "gone"
	case err != nil:
		i.Trouble = "unknown"
	default:
		i.Name, i.Price, i.Sum = p.Name, p.Price, Times(p.Price, line.Quantity)
		i.Trouble, i.Left = trouble(p, line.Quantity)
	}
	return i
}

// trouble names the reason why units of a product may not be ordered.
func trouble(p client.Product, wanted int64) (name string, left int64) {
	switch {
	case !p.Active || p.Price == nil:
		return "gone", 0
	case p.Stock == nil || p.Stock.Available >= wanted:
		return "", 0
	case p.Stock.Available == 0:
		return "none", 0
	default:
		return "few", p.Stock.Available
	}
}

// Times returns the price of some units, nil if it is not known.
func Times(price *client.Money, n int64) *client.Money {
	if price == nil {
		return nil
	}
	sum, err := money.New(price.Amount, money.Currency(price.Currency)).Mul(n)
	if err != nil {
		return nil
	}
	return &client.Money{Amount: sum.Minor, Currency: price.Currency}
}

// total returns the sum of items, nil if one is not known, or they are of several currencies.
func total(items []item) *client.Money {
	var sum money.Amount
	for n, i := range items {
		if i.Sum == nil {
			return nil
		}
		one := money.New(i.Sum.Amount, money.Currency(i.Sum.Currency))
		if n == 0 {
			sum = one
			continue
		}
		var err error
		if sum, err = sum.Add(one); err != nil {
			return nil
		}
	}
	return &client.Money{Amount: sum.Minor, Currency: string(sum.Currency)}
}

// cart shows the cart.
func cart(v *visit.Visit) error {
	return v.Show(http.StatusOK, "cart", v.Words.Text("cart"), basketOf(v))
}

// changeCart puts a product into the cart, changes its quantity, or has the cart be another
// order than the one that it was.
func changeCart(v *visit.Visit) error {
	if v.Form("op") == "renew" {
		v.Cart.Key = cookie.NewKey()
		v.KeepCart()
		return v.Redirect("/checkout")
	}
	sku := v.R.PostFormValue("sku")
	quantity, err := strconv.ParseInt(v.Form("quantity"), 10, 64)
	if err != nil || quantity < 0 {
		return v.Redirect("/cart") // a browser sends no such number
	}
	back := "/cart"
	if v.Form("op") == "add" {
		quantity += v.Cart.Quantity(sku)
		back = productPath(sku) + "?" + url.Values{"full": {"yes"}}.Encode()
	}
	if !v.Cart.Set(sku, quantity) {
		return v.Redirect(back)
	}
	v.KeepCart()
	return v.Redirect("/cart")
}
