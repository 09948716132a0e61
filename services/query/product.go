package query

import (
	"time"

	"github.com/amends/amends/internal/money"
)

// Product is a product that can be ordered.
type Product struct {
	SKU         string
	Name        string
	Description string // may be empty
	Category    string
	Price       money.Amount
	Available   int64 // units in all warehouses together
}

// Sort is the order of a list of products. Ties are ordered by SKU.
type Sort string

// The orders.
const (
	// ByRelevance is the default: products that have all words in their name first, then
	// by name.
	ByRelevance Sort = "relevance"
	ByName      Sort = "name"
	ByPrice     Sort = "price"
	ByPriceDown Sort = "-price"
)

// ParseSort returns s as a [Sort], [ByRelevance] for the empty string, or a fault with
// code INVALID.
func ParseSort(s string) (Sort, error) {
	switch sort := Sort(s); sort {
	case "":
		return ByRelevance, nil
	case ByRelevance, ByName, ByPrice, ByPriceDown:
		return sort, nil
	}
	return "", invalid("%.32q is not an order of products", s)
}

// ProductFilter selects products; the zero value of a field selects all.
type ProductFilter struct {
	// Text selects products that have a word with each of its words as a prefix: in the
	// SKU, the name, the category, the description. Any text is legal.
	Text     string
	Category string
	InStock  *bool
	// MinPrice and MaxPrice are in minor units of each product's currency, and included.
	MinPrice, MaxPrice *int64
	Sort               Sort   // empty: [ByRelevance]
	Limit              int    // 1 to [MaxPage]
	Cursor             string // [ProductPage.Next] of the page before, with the same sort; empty: the first page
}

// ProductPage is a page of products.
type ProductPage struct {
	Products []Product
	Facets   Facets
	Next     string // empty on the last page
	AsOf     time.Time
}

// Facets count the products of a filter, on all pages together.
type Facets struct {
	// Categories are by name. They are counted as if the filter had no category.
	Categories []Category
	// InStock is how many of the filter's products have stock, Total how many there are.
	InStock, Total int64
	// Prices are the lowest and the highest price in each currency, by currency.
	Prices []PriceRange
}

// PriceRange is the lowest and the highest price of some products.
type PriceRange struct{ Min, Max money.Amount }

// Category is a category and the number of its products that can be ordered.
type Category struct {
	Name     string
	Products int64
}

// Categories are all categories.
type Categories struct {
	Categories []Category
	AsOf       time.Time
}
