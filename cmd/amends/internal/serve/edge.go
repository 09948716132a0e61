package serve

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/amends/amends/api"
	"github.com/amends/amends/api/legacy"
	"github.com/amends/amends/api/shop/invoice"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/identity/web"
	"github.com/amends/amends/internal/process"
)

// configureEdge sets the part of o that is about every request.
func configureEdge(o *api.Config, c *config.Config) {
	o.Hosts, o.Origins, o.TrustedProxies = c.HTTP.Lists()
	o.Limits.Shadow, o.Exempt = c.Limits.Lists()
	o.Seller = invoice.Seller{Name: c.Seller.Name, Address: c.Seller.Lines()}
	o.Strict, o.Shop = c.TLS.Cert != "", c.Shop
	if c.Guests() {
		o.GuestSecret, o.EarlierOrders = string(c.GuestSecret), c.EarlierOrders
	}
	o.Routes = legacy.Settings{File: c.Legacy.File, Every: c.Legacy.Every, Secret: string(c.Legacy.Secret)}
	o.Limits.Classes, o.Limits.Callers, o.Streams = c.Limits.Classes(), c.Limits.Callers, c.Limits.Streams
}

// HTTPServer returns the server of the API at http_addr. The files of its certificate and of
// its routes are watched for as long as parts live.
func HTTPServer(ctx context.Context, parts *process.Parts, c *config.Config, s *api.Server, log *slog.Logger) (*http.Server, error) {
	server := api.HTTPServer(c.HTTPAddr, s)
	if routes := s.Routes(); routes != nil {
		parts.Start(ctx, process.Part{Name: "routes", Run: routes.Run, Drain: c.DrainTimeout})
	}
	switch {
	case c.TLS.Cert != "":
		w, err := openCertificate(c, log)
		if err != nil {
			return nil, err
		}
		parts.Start(ctx, process.Part{Name: "certificate", Run: w.Run})
		server.TLSConfig = w.TLS()
	case c.TLS.SelfSigned:
		settings, certificate, err := web.SelfSigned(time.Now())
		if err != nil {
			return nil, fmt.Errorf("tls.self_signed: %w", err)
		}
		if err := os.WriteFile(SelfSigned(c), certificate, 0o600); err != nil {
			return nil, fmt.Errorf("tls.self_signed: keep the certificate for clients: %w", err)
		}
		server.TLSConfig = settings
	}
	return server, nil
}

// openCertificate reads the certificate of the API.
func openCertificate(c *config.Config, log *slog.Logger) (*web.Certificates, error) {
	w, err := web.Open(web.Config{
		Cert: c.TLS.Cert, Key: c.TLS.Key, ClientCA: c.TLS.ClientCA, Every: c.TLS.Every,
		Now: time.Now, Logger: log,
	})
	if err != nil {
		return nil, fmt.Errorf("tls.cert: %w", err)
	}
	return w, nil
}

// SelfSigned returns the file of the certificate that clients must trust if the API made it
// itself.
func SelfSigned(c *config.Config) string { return filepath.Join(c.DataDir, "api.pem") }

// URL returns the address of the API on l.
func URL(l net.Listener, c *config.Config) string {
	if c.TLS.On() {
		return strings.Replace(process.URL(l), "http://", "https://", 1)
	}
	return process.URL(l)
}
