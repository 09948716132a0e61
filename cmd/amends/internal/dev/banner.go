package dev

import (
	"fmt"
	"io"
	"time"

	"github.com/amends/amends/cmd/amends/internal/serve"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/process"
)

// firstOrder is the request of the banner, in the terms of the demo data. Its customer is
// the account of the API key.
const firstOrder = `{"currency":"EUR",` +
	`"lines":[{"sku":"MUG-STONEWARE","quantity":2},{"sku":"KETTLE-STEEL","quantity":1}],` +
	`"ship_to":{"name":"A. Buyer","line1":"Hauptstr. 1","city":"Berlin","postal_code":"10115","country":"DE"},` +
	`"payment_token":"tok_visa"}`

// banner writes the addresses of a platform that is ready. Tests and the load
// generator parse it.
func (p *platform) banner(w io.Writer, took time.Duration) error {
	api, trust := serve.URL(p.public, p.c), ""
	if p.c.TLS.SelfSigned {
		trust = "--cacert '" + serve.SelfSigned(p.c) + "' "
	}
	_, err := fmt.Fprintf(w, `amends is ready (%.1f s)

%s  API      %s
  Docs     %s/docs
  Console  %s/console
  %s
  Metrics  %s/metrics

Place a first order:

  curl -sS %s%s/v1/orders -H 'Authorization: Bearer %s' -H 'Content-Type: application/json' -H "Idempotency-Key: first-$(date +%%s)" -H 'Prefer: wait=10' -d '%s'

See the saga of an order by its id:

  %s order show ID%s

Ctrl-C stops everything. What was stored stays in %s.
`, took.Seconds(), p.shopLine(api), api, api, process.URL(p.private), p.engineLine(), process.URL(p.private), trust, api, p.access.APIKey, firstOrder, p.program, p.folder(), p.c.DataDir)
	return err
}

// shopLine is the line of the banner that locates the shop, "" without one.
func (p *platform) shopLine(api string) string {
	if !p.c.Shop {
		return ""
	}
	return "  Shop     " + api + "/\n"
}

// folder is the flag by which commands find the platform, "" in the default folder.
func (p *platform) folder() string {
	if p.c.DataDir == config.Default().DataDir {
		return ""
	}
	return " --data-dir '" + p.c.DataDir + "'"
}

// engineLine is the line of the banner that locates the sagas: the Web UI of the
// dev server, or the address of another engine, whose Web UI is unknown.
func (p *platform) engineLine() string {
	if p.devServer != nil {
		return fmt.Sprintf("Sagas    %s/workflows", p.webUI())
	}
	return fmt.Sprintf("Engine   %s, namespace %s", p.client.Address, p.client.Namespace)
}
