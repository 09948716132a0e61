package dev

import (
	"context"
	"net/http"
	"strings"

	"github.com/amends/amends/cmd/amends/internal/serve"
	"github.com/amends/amends/internal/dev/mailbox"
	"github.com/amends/amends/web/console"
)

// console returns the pages for operators, with those of a platform that is for trying out.
func (p *platform) console(ctx context.Context) func(admin http.Handler) http.Handler {
	box := mailbox.In(p.c.DataDir)
	demo := &console.Demo{APIKey: p.access.APIKey, Mails: func(limit int) (out []console.Mail, err error) {
		all, err := box.List(limit)
		for _, m := range all {
			out = append(out, console.Mail{ID: m.ID, At: m.At, From: m.From, To: strings.Join(m.To, ", "), Subject: m.Subject, Text: m.Text})
		}
		return out, err
	}, Switch: p.faults.Switch, Faults: func() (out []console.Fault) {
		for _, f := range p.faults.All() {
			out = append(out, console.Fault(f))
		}
		return out
	}}
	return serve.Console(ctx, p.server, p.webUI(), demo, p.log)
}

// webUI is the address of the engine's Web UI, empty for an engine of which it is unknown.
func (p *platform) webUI() string {
	if p.devServer == nil {
		return ""
	}
	return p.devServer.UI + "/namespaces/" + p.client.Namespace
}
