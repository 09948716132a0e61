package catalog

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// ReadProducts reads products from one JSON array. An unknown field is an error, so
// that a misspelt one is not dropped. The products are not validated;
// [Service.Import] does that.
func ReadProducts(r io.Reader) ([]Product, error) {
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	var products []Product
	if err := decoder.Decode(&products); err != nil {
		return nil, fmt.Errorf("read products, a JSON array: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("read products: there is more behind the JSON array")
	}
	return products, nil
}
