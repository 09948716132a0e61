package strictjson

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkParse reads a placement with one line, as most are, and with as many as
// there may be.
func BenchmarkParse(b *testing.B) {
	for _, lines := range []int{1, 200} {
		b.Run(fmt.Sprintf("lines=%d", lines), func(b *testing.B) {
			body := placement(lines)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(body, limits); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func placement(lines int) []byte {
	all := make([]string, lines)
	for i := range all {
		all[i] = fmt.Sprintf(`{"sku": "MUG-%03d", "quantity": %d}`, i, i+1)
	}
	return fmt.Appendf(nil, `{
  "customer_id": "cus_42", "currency": "EUR",
  "lines": [%s],
  "ship_to": {"name": "Zoë \"Z\" Buyer", "line1": "Hauptstr. 1", "line2": "", "city": "Berlin", "postal_code": "10115", "country": "DE"},
  "payment_token": "tok_visa"
}`, strings.Join(all, ", "))
}
