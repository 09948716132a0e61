// Package shop calls the API of a platform, as its customers do.
package shop

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/serve"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/demo"
)

// API is an API and the account that calls it.
type API struct {
	base, key string
	client    *http.Client
}

// Find returns the API of the configured platform. Its caller has the configured API key, or
// in an `amends dev` that of the demo customer.
func Find(std cli.Stdio, cmd *cobra.Command) (*API, error) {
	c, err := std.LoadTool(cmd, config.Needs{})
	if err != nil {
		return nil, err
	}
	a := &API{base: "http://" + cli.Reachable(c.HTTPAddr), key: string(c.APIKey), client: &http.Client{Transport: http.DefaultTransport}}
	if c.TLS.On() {
		a.base = "https://" + cli.Reachable(c.HTTPAddr)
	}
	if c.TLS.SelfSigned {
		if a.client.Transport, err = trusting(serve.SelfSigned(c)); err != nil {
			return nil, err
		}
	}
	if a.key == "" && std.OfFolder(cmd) {
		access, err := demo.Read(filepath.Join(c.DataDir, "demo.json"))
		if err != nil {
			return nil, err
		}
		a.key = access.APIKey
	}
	return a, nil
}

// trusting returns a transport that trusts the certificate in a file.
func trusting(file string) (*http.Transport, error) {
	certificate, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the API's certificate: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(certificate) {
		return nil, fmt.Errorf("the API's certificate: %s has none", file)
	}
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}}, nil
}

// callTime bounds a request.
const callTime = time.Minute

// Post sends a body to a path, and returns the answer's body. Its error has a line for the
// reason of a refusal and one for each invalid field. header may be nil.
func (a *API) Post(ctx context.Context, path string, body []byte, header map[string]string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ask the API: %w", err)
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	request.Header.Set("Content-Type", "application/json")
	if a.key != "" {
		request.Header.Set("Authorization", "Bearer "+a.key)
	}
	answer, err := a.client.Do(request)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return nil, fmt.Errorf("nothing listens at %s: name the API with --http-addr", a.base)
	case err != nil:
		return nil, fmt.Errorf("the API does not answer: %w", err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", a.base, err)
	}
	if answer.StatusCode >= http.StatusMultipleChoices {
		return nil, refusal(answer.StatusCode, text)
	}
	return text, nil
}

// refusal returns an error with a line for the reason and one for each invalid field.
func refusal(status int, text []byte) error {
	var p contract.Problem
	if err := json.Unmarshal(text, &p); err != nil || p.Code == "" {
		return fmt.Errorf("%d %s; is this the address of an API?", status, http.StatusText(status))
	}
	line := p.Code + ": " + p.Title
	if p.Detail != nil {
		line += ". " + *p.Detail
	}
	problems := []error{errors.New(line)}
	if p.Errors != nil {
		for _, e := range *p.Errors {
			problems = append(problems, fmt.Errorf("%s %s", strings.TrimPrefix(e.Pointer, "/"), e.Detail))
		}
	}
	return errors.Join(problems...)
}
