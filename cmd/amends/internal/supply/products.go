package supply

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/strictjson"
	"github.com/amends/amends/services/catalog"
)

// maxFile is the largest file of products, in bytes.
const maxFile = 256 << 20

// productLimits allow a million products of seven values each.
var productLimits = strictjson.Limits{Depth: 3, Fields: 16, Name: 64, Values: 8_000_000}

// readProducts reads one JSON array of products as strictly as the API reads a body:
// UTF-8, every field once and spelt exactly, no unknown one. Every field is required but
// the description and the price, which a product may not have yet: a product without
// "active" would otherwise go off sale. The error lists all wrong fields by JSON pointer, up to a limit.
// The values are not validated; [catalog.Service.Import] does that.
func readProducts(r io.Reader) ([]catalog.Product, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read products: %w", err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("read products: more than %d MiB; import them in parts", maxFile>>20)
	}
	value, err := strictjson.Parse(data, productLimits)
	if err != nil {
		return nil, fmt.Errorf("read products: %w", err)
	}
	list, ok := value.([]any)
	if !ok {
		return nil, errors.New("read products: must be a JSON array of products")
	}
	var f fields
	products := make([]catalog.Product, len(list))
	for i, v := range list {
		products[i] = f.product("/"+strconv.Itoa(i), v)
	}
	return products, f.err()
}

// fields reads typed fields out of JSON objects, and collects what is wrong.
type fields struct {
	wrong []error
	more  int
}

// maxWrong bounds the fields that an error names.
const maxWrong = 20

func (f *fields) refuse(pointer, detail string) {
	if len(f.wrong) == maxWrong {
		f.more++
		return
	}
	f.wrong = append(f.wrong, fmt.Errorf("read products: %s %s", pointer, detail)) //nolint:err113 // for people
}

func (f *fields) err() error {
	if f.more > 0 {
		f.wrong = append(f.wrong, fmt.Errorf("read products: and %d more", f.more)) //nolint:err113 // for people
	}
	return errors.Join(f.wrong...)
}

func (f *fields) product(pointer string, v any) (p catalog.Product) {
	object := f.object(pointer, v, []string{"sku", "name", "category", "active"}, "price", "description")
	if object == nil {
		return p
	}
	p.SKU = field[string](f, object, pointer+"/sku", "sku", "must be a string")
	p.Name = field[string](f, object, pointer+"/name", "name", "must be a string")
	p.Category = field[string](f, object, pointer+"/category", "category", "must be a string")
	p.Active = field[bool](f, object, pointer+"/active", "active", "must be true or false")
	if _, ok := object["description"]; ok {
		p.Description = field[string](f, object, pointer+"/description", "description", "must be a string")
	}
	if v, ok := object["price"]; ok {
		p.Price = f.amount(pointer+"/price", v)
	}
	return p
}

func (f *fields) amount(pointer string, v any) (a money.Amount) {
	object := f.object(pointer, v, []string{"amount", "currency"})
	if object == nil {
		return a
	}
	a.Minor = field[int64](f, object, pointer+"/amount", "amount", "must be a whole number of minor units, in plain digits")
	a.Currency = money.Currency(field[string](f, object, pointer+"/currency", "currency", "must be a string"))
	return a
}

// object returns v as an object that has the required fields and, apart from the
// optional ones, no others. It returns nil if v is none.
func (f *fields) object(pointer string, v any, required []string, optional ...string) map[string]any {
	object, ok := v.(map[string]any)
	if !ok {
		f.refuse(pointer, "must be an object")
		return nil
	}
	for _, name := range required {
		if _, ok := object[name]; !ok {
			f.refuse(pointer+"/"+name, "is missing")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if !slices.Contains(required, name) && !slices.Contains(optional, name) {
			f.refuse(pointer+strictjson.Pointer(name), "is not a field here")
		}
	}
	return object
}

// field returns a field that has its type. A missing one is reported by object.
func field[T any](f *fields, object map[string]any, pointer, name, otherwise string) (value T) {
	v, ok := object[name]
	if !ok {
		return value
	}
	if value, ok = v.(T); !ok {
		f.refuse(pointer, otherwise)
	}
	return value
}
