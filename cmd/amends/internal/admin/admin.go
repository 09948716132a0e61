// Package admin sends requests of operators to the admin address of a process.
package admin

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/config/secret"
)

// timeout bounds a request.
const timeout = 30 * time.Second

// Client sends requests to one admin address as one operator. Its errors begin with the name
// of the command.
type Client struct {
	command, base string
	token         secret.Text
}

// AddFlags adds the flag that locates the admin address, which is a URL or host:port.
func AddFlags(cmd *cobra.Command) {
	config.AddFlags(cmd.Flags(), "admin_addr", "data_dir", "database_url")
}

// New returns a client of the address and with the token that cmd is configured with; command
// is its name in errors.
func New(std cli.Stdio, cmd *cobra.Command, command string) (Client, error) {
	scheme, err := takeScheme(cmd)
	if err != nil {
		return Client{}, err
	}
	c, err := std.LoadTool(cmd, config.Needs{})
	if err != nil {
		return Client{}, err //nolint:wrapcheck // it names the keys
	}
	if c.OperatorToken == "" {
		return Client{}, errors.New("operator_token: must be set (AMENDS_OPERATOR_TOKEN), to the secret of one of the API's operator_tokens")
	}
	return Client{command, scheme + "://" + cli.Reachable(c.AdminAddr), c.OperatorToken}, nil
}

// takeScheme lets --admin-addr be a URL too: it reduces the flag to the address
// and returns the scheme.
func takeScheme(cmd *cobra.Command) (string, error) {
	flag := cmd.Flags().Lookup("admin-addr")
	if !strings.Contains(flag.Value.String(), "://") {
		return "http", nil
	}
	u, err := url.Parse(flag.Value.String())
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/")+u.RawQuery+u.Fragment != "" || u.User != nil {
		return "", errors.New("admin_addr: must be host:port, or a URL of no more than http or https, host and port")
	}
	host := u.Host
	if u.Port() == "" {
		host = net.JoinHostPort(u.Hostname(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	}
	return u.Scheme, cmd.Flags().Set("admin-addr", host)
}

// Do sends a request, with body as JSON unless it is nil, and returns the status and the body
// of an answer that is no refusal. One that asks for a change has an Idempotency-Key: the
// transport may repeat it after a broken connection.
func (c Client) Do(ctx context.Context, method, path string, body any) (status int, text []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := c.request(ctx, method, path, body)
	if err != nil {
		return 0, nil, fmt.Errorf("%s: %w", c.command, err)
	}
	answer, err := (&http.Client{Transport: http.DefaultTransport}).Do(request)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return 0, nil, fmt.Errorf("%s: nothing listens at %s, so nothing was changed: name the API's admin address with --admin-addr", c.command, c.base)
	case err != nil && method == http.MethodGet:
		return 0, nil, fmt.Errorf("%s: the admin address does not answer: %w", c.command, err)
	case err != nil:
		return 0, nil, fmt.Errorf("%s: the admin address does not answer, so the change may have been made or not; repeat it: %w", c.command, err)
	}
	defer answer.Body.Close()
	text, err = io.ReadAll(answer.Body)
	switch {
	case err != nil:
		return 0, nil, fmt.Errorf("%s: read the answer of %s: %w", c.command, c.base, err)
	case answer.StatusCode >= http.StatusMultipleChoices:
		return 0, nil, c.refusal(answer.StatusCode, text)
	default:
		return answer.StatusCode, text, nil
	}
}

func (c Client) request(ctx context.Context, method, path string, body any) (*http.Request, error) {
	var content io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("write the request: %w", err)
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, content)
	if err != nil {
		return nil, fmt.Errorf("write the request: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+string(c.token))
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", rand.Text())
	}
	return r, nil
}

// refusal returns an error with a line for the reason and one for each invalid
// field.
func (c Client) refusal(status int, text []byte) error {
	var p contract.Problem
	if err := json.Unmarshal(text, &p); err != nil || p.Code == "" {
		return fmt.Errorf("%s: %d %s; is this the admin address of an API?", c.command, status, http.StatusText(status))
	}
	line := c.command + ": " + p.Code + ": " + p.Title
	if p.Detail != nil {
		line += ". " + *p.Detail
	}
	problems := []error{errors.New(line)}
	if p.Errors != nil {
		for _, e := range *p.Errors {
			problems = append(problems, fmt.Errorf("%s: %s %s", c.command, strings.TrimPrefix(e.Pointer, "/"), e.Detail))
		}
	}
	return errors.Join(problems...)
}
