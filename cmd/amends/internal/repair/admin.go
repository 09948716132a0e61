package repair

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
	"github.com/amends/amends/internal/config/secret"
)

// repairTimeout bounds the request of a repair.
const repairTimeout = 30 * time.Second

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

// send sends the repair to the API at base. It returns the order as JSON, and
// whether the repair has taken effect.
func (r repair) send(ctx context.Context, base string, token secret.Text) (made bool, order []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, repairTimeout)
	defer cancel()
	body := contract.RepairOrder{Action: contract.RepairOrderAction(r.action), Reason: &r.reason}
	if r.step != "" {
		body.Step = &r.step
	}
	if r.refund != "" {
		body.Refund = &r.refund
	}
	if r.reference != "" {
		body.Reference = &r.reference
	}
	data, err := json.Marshal(body)
	if err != nil {
		return false, nil, fmt.Errorf("repair: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/v1/orders/"+url.PathEscape(r.order)+"/repair", bytes.NewReader(data))
	if err != nil {
		return false, nil, fmt.Errorf("repair: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+string(token))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", rand.Text()) // the transport may repeat the request after a broken connection
	answer, err := (&http.Client{Transport: http.DefaultTransport}).Do(request)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return false, nil, fmt.Errorf("repair: nothing listens at %s, so nothing was repaired: name the API's admin address with --admin-addr", base)
	case err != nil:
		return false, nil, fmt.Errorf("repair: the admin address does not answer, so the repair may have been made or not; repeat it: %w", err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return false, nil, fmt.Errorf("repair: read the answer of %s: %w", base, err)
	}
	switch answer.StatusCode {
	case http.StatusOK, http.StatusAccepted:
		return answer.StatusCode == http.StatusOK, text, nil
	default:
		return false, nil, refusal(answer.StatusCode, text)
	}
}

// refusal returns an error with a line for the reason and one for each invalid
// field.
func refusal(status int, text []byte) error {
	var p contract.Problem
	if err := json.Unmarshal(text, &p); err != nil || p.Code == "" {
		return fmt.Errorf("repair: %d %s; is this the admin address of an API?", status, http.StatusText(status))
	}
	line := "repair: " + p.Code + ": " + p.Title
	if p.Detail != nil {
		line += ". " + *p.Detail
	}
	problems := []error{errors.New(line)}
	if p.Errors != nil {
		for _, e := range *p.Errors {
			problems = append(problems, fmt.Errorf("repair: %s %s", strings.TrimPrefix(e.Pointer, "/"), e.Detail))
		}
	}
	return errors.Join(problems...)
}
