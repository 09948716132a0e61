package sale

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/amends/amends/api/client"
	"github.com/amends/amends/web/shop/ask"
	"github.com/amends/amends/web/shop/visit"
)

// pageSize is how many products a page shows.
const pageSize = 24

// sorts are the orders of products that a visitor chooses from.
var sorts = []string{"relevance", "name", "price", "-price"}

// shelf is the content of the page of products.
type shelf struct {
	client.ProductList

	Category, Sort string
	InStock        bool
	Sorts          []string
	Query          url.Values
	Begin          bool // it is the first page
}

// browse shows the products that a visitor looks for.
func browse(v *visit.Visit) error {
	q := v.R.URL.Query()
	found, _, err := ask.Read[client.ProductList](v.API().ListProducts(v.R.Context(), wanted(q)))
	if err != nil {
		return err
	}
	return v.Show(http.StatusOK, "browse", v.Words.Text("products"), shelf{
		found, q.Get("category"), q.Get("sort"), q.Get("stock") == "yes", sorts, q, q.Get("cursor") == "",
	})
}

// wanted reads a query as the API's; anything else of it is left out.
func wanted(q url.Values) *client.ListProductsParams {
	p := &client.ListProductsParams{Q: visit.Given(q, "q"), Category: visit.Given(q, "category"), Cursor: visit.Given(q, "cursor"), Limit: new(pageSize)}
	if q.Get("stock") == "yes" {
		p.InStock = new(true)
	}
	if s := visit.Given(q, "sort"); s != nil {
		p.Sort = (*client.ListProductsParamsSort)(s)
	}
	return p
}

// query returns a path of the page of products with one parameter of its query changed, or
// left out if value is empty. It begins with the first page.
func query(q url.Values, name, value string) string {
	changed := url.Values{}
	for key := range q {
		if key != "cursor" && key != name && q.Get(key) != "" {
			changed.Set(key, q.Get(key))
		}
	}
	if value != "" {
		changed.Set(name, value)
	}
	if len(changed) == 0 {
		return "/"
	}
	return "/?" + changed.Encode()
}

// productPath returns the path of a product's page.
func productPath(sku string) string { return "/products/" + url.PathEscape(sku) }

// offer is the content of a product's page.
type offer struct {
	client.Product

	InCart int64
	Full   bool // the cart had no room
}

// Stock names the text that tells how many units there are.
func (o offer) Stock() string {
	switch {
	case o.Product.Stock == nil:
		return "unknown"
	case o.Product.Stock.Available == 0:
		return "none"
	case o.Product.Stock.Available <= few:
		return "few"
	default:
		return "plenty"
	}
}

// few units are counted for the visitor.
const few = 10

// Left returns how many units there are, if they are counted for the visitor.
func (o offer) Left() string { return fmt.Sprint(o.Product.Stock.Available) }

// Orderable reports whether the product can be put into a cart.
func (o offer) Orderable() bool { return o.Active && o.Price != nil && o.Stock() != "none" }

// product shows a product.
func product(v *visit.Visit) error {
	p, _, err := ask.Read[client.Product](v.API().GetProduct(v.R.Context(), v.R.PathValue("sku")))
	if err != nil {
		return err
	}
	return v.Show(http.StatusOK, "product", p.Name, offer{p, v.Cart.Quantity(p.Sku), v.R.URL.Query().Get("full") != ""})
}

// hues is how many colours the tiles of products have.
const hues = 8

// tile returns the colour and the letters that stand for a product without a picture.
func tile(sku, name string) struct {
	Hue     uint32
	Letters string
} {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(sku)) // it never fails
	var letters []rune
	for word := range strings.FieldsSeq(name) {
		first, _ := utf8.DecodeRuneInString(word)
		if unicode.IsLetter(first) && len(letters) < 2 {
			letters = append(letters, unicode.ToUpper(first))
		}
	}
	return struct {
		Hue     uint32
		Letters string
	}{sum.Sum32() % hues, string(letters)}
}
