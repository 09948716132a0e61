// Package place has `amends order place`, which places an order through the API.
package place

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/shop"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/show/orderview"
	"github.com/amends/amends/services/payment/provider/token"
	"github.com/amends/amends/worker/registry"
	"github.com/amends/amends/workflows"
)

// placement holds the flags of `amends order place`.
type placement struct {
	lines                           []string
	currency, token, key, guest     string
	name, street, city, zip, nation string
	wait                            int
	json                            bool
}

// Command returns `amends order place`. A repeat with the same --key never places a second
// order.
func Command(std cli.Stdio) *cobra.Command {
	var p placement
	cmd := &cobra.Command{
		Use:   "place --line SKU=QUANTITY | place FILE",
		Short: "Place an order through the API, and show it",
		Long: "Place an order through the API, wait for its decision, and show it. FILE is the body of the request as the\n" +
			"API takes it, - is standard input; without one the flags make it, for a made-up address unless they say\n" +
			"another:\n\n" +
			"  amends order place --line MUG-STONEWARE=2 --line KETTLE-STEEL --token tok_visa\n\n" +
			"The order is that of the account of AMENDS_API_KEY; in an `amends dev`, of the demo customer. A repeat with\n" +
			"the same --key never places a second order.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := p.body(std, args)
			if err != nil {
				return cli.Mistaken(cmd, err)
			}
			a, err := shop.Find(std, cmd)
			if err != nil {
				return err
			}
			if p.key == "" {
				p.key = rand.Text()
			}
			order, err := a.Post(cmd.Context(), "/v1/orders", body, map[string]string{"Idempotency-Key": p.key, "Prefer": "wait=" + strconv.Itoa(p.wait)})
			if err != nil {
				return fmt.Errorf("order place: %w", err)
			}
			return p.print(std, cmd, order)
		},
	}
	p.addFlags(cmd)
	return cmd
}

func (p *placement) addFlags(cmd *cobra.Command) {
	const wait = 10
	f := cmd.Flags()
	f.StringArrayVar(&p.lines, "line", nil, "product and quantity, such as MUG-STONEWARE=2; may be repeated")
	f.StringVar(&p.currency, "currency", "EUR", "currency of the products' prices")
	f.StringVar(&p.token, "token", token.Visa, "payment token, such as "+token.Visa+" or "+token.Declined)
	f.StringVar(&p.guest, "customer", "", "customer of a guest's order; with an API key it is the key's account")
	f.StringVar(&p.name, "name", "A. Buyer", "name of the recipient")
	f.StringVar(&p.street, "street", "Hauptstr. 1", "first line of the recipient's address")
	f.StringVar(&p.zip, "postal-code", "10115", "postal code of the recipient")
	f.StringVar(&p.city, "city", "Berlin", "city of the recipient")
	f.StringVar(&p.nation, "country", "DE", "country of the recipient, two letters")
	f.StringVar(&p.key, "key", "", "Idempotency-Key of the order (default: a fresh one)")
	f.IntVar(&p.wait, "wait", wait, "seconds to wait for the decision")
	f.BoolVar(&p.json, "json", false, "print the order as JSON")
	cli.Choices(cmd, "token", token.Names()...)
	config.AddFlags(f, "data_dir", "http_addr")
}

// body returns the request of the file, or of the flags.
func (p *placement) body(std cli.Stdio, args []string) ([]byte, error) {
	switch {
	case len(args) == 1 && len(p.lines) > 0:
		return nil, errors.New("order place: give a file, or --line, and not both")
	case len(args) == 1 && args[0] == "-":
		return io.ReadAll(std.In)
	case len(args) == 1:
		return os.ReadFile(args[0])
	case len(p.lines) == 0:
		return nil, errors.New("order place: say with --line what is ordered, or give a file")
	}
	type line struct {
		SKU      string `json:"sku"`
		Quantity int64  `json:"quantity"`
	}
	var lines []line
	for _, text := range p.lines {
		sku, quantity, found := strings.Cut(text, "=")
		n := int64(1)
		if found {
			var err error
			if n, err = strconv.ParseInt(quantity, 10, 64); err != nil {
				return nil, fmt.Errorf("order place: --line must be SKU=QUANTITY, is %.80q", text)
			}
		}
		lines = append(lines, line{sku, n})
	}
	request := map[string]any{
		"currency": p.currency, "lines": lines, "payment_token": p.token,
		"ship_to": map[string]string{"name": p.name, "line1": p.street, "city": p.city, "postal_code": p.zip, "country": p.nation},
	}
	if p.guest != "" {
		request["customer_id"] = p.guest
	}
	return json.Marshal(request)
}

func (p *placement) print(std cli.Stdio, cmd *cobra.Command, order []byte) error {
	if p.json {
		_, err := std.Out.Write(order)
		return err
	}
	var view workflows.OrderView
	if err := json.Unmarshal(order, &view); err != nil {
		return fmt.Errorf("order place: the answer is no order: %w", err)
	}
	return orderview.Write(std.Screen(cmd), view, registry.Words())
}
