package main

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
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/config/secret"
	"github.com/amends/amends/workflows"
)

// repairTimeout bounds a repair's one request.
const repairTimeout = 30 * time.Second

// repair is what `amends repair` was asked for.
type repair struct {
	order, step, action, reason, reference string
	json                                   bool
}

func (r repair) acknowledges() bool { return r.action == string(contract.ActionAcknowledge) }

func repairCommand(std stdio) *cobra.Command {
	var r repair
	cmd := &cobra.Command{
		Use:   "repair ORDER STEP --action retry|skip --reason WORDS | repair ORDER --action acknowledge --reason WORDS",
		Short: "Retry a flagged step of an order now, give up on undoing it, or acknowledge what stays flagged",
		Long: "Retry a flagged step of an order now, or give up on undoing it (skip), which records a waiver of\n" +
			"what the step owes. Of an order that is decided and stays flagged, acknowledge says that you have\n" +
			"looked at it: it takes the order off the list, and who, when and why stays.\n\n" +
			"It asks the admin address of the API in the name of the operator whose token AMENDS_OPERATOR_TOKEN\n" +
			"is. What is flagged, `amends orders --needs-attention` lists.",
		Args: func(cmd *cobra.Command, args []string) error {
			if r.acknowledges() {
				return exactly("repair --action acknowledge needs an order's id", 1)(cmd, args)
			}
			return exactly("repair needs an order's id and a step", 2)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if action := contract.RepairOrderAction(r.action); !action.Valid() {
				return fmt.Errorf("repair: --action must be %s, %s or %s, is %q", contract.ActionRetry, contract.ActionSkip, contract.ActionAcknowledge, r.action)
			}
			r.order = strings.TrimPrefix(args[0], workflows.WorkflowID(""))
			if !r.acknowledges() {
				r.step = args[1]
			}
			scheme, err := takeScheme(cmd)
			if err != nil {
				return err
			}
			c, err := std.load(cmd, config.Needs{})
			if err != nil {
				return err
			}
			if c.OperatorToken == "" {
				return errors.New("operator_token: must be set (AMENDS_OPERATOR_TOKEN), to the secret of one of the API's operator_tokens")
			}
			return std.repair(cmd.Context(), scheme+"://"+reachable(c.AdminAddr), c.OperatorToken, r)
		},
	}
	cmd.Flags().StringVar(&r.action, "action", "", "retry: make the next attempt now; skip: stop trying to undo the step; acknowledge: you have looked at the order")
	cmd.Flags().StringVar(&r.reason, "reason", "", "why, for those who look later; no personal data")
	cmd.Flags().StringVar(&r.reference, "reference", "", "where to find what was done instead; needed to skip what holds money")
	cmd.Flags().BoolVar(&r.json, "json", false, "print the order as JSON")
	for _, name := range []string{"action", "reason"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // the flag is defined some lines above
		}
	}
	config.AddFlags(cmd.Flags(), "admin_addr")
	return cmd
}

// takeScheme lets --admin-addr be a URL too: it leaves the address in the flag
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

// reachable is where to find what listens on addr: every interface is this
// machine's own too.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr
}

// repair makes the request once, and prints the order as it then stands.
func (std stdio) repair(ctx context.Context, base string, token secret.Text, r repair) error {
	ctx, cancel := context.WithTimeout(ctx, repairTimeout)
	defer cancel()
	body := contract.RepairOrder{Action: contract.RepairOrderAction(r.action), Reason: &r.reason}
	if r.step != "" {
		body.Step = &r.step
	}
	if r.reference != "" {
		body.Reference = &r.reference
	}
	data, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("repair: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/v1/orders/"+url.PathEscape(r.order)+"/repair", bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("repair: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+string(token))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", rand.Text()) // a connection that breaks may repeat the request
	answer, err := (&http.Client{Transport: http.DefaultTransport}).Do(request)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("repair: nothing listens at %s, so nothing was made: say where the API's admin address is with --admin-addr", base)
	case err != nil:
		return fmt.Errorf("repair: the admin address does not answer, so it is not known whether the repair was made; repeat it: %w", err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return fmt.Errorf("repair: read the answer of %s: %w", base, err)
	}
	switch answer.StatusCode {
	case http.StatusOK, http.StatusAccepted:
		return std.repaired(answer.StatusCode == http.StatusOK, r, text)
	default:
		return refusal(answer.StatusCode, text)
	}
}

// repaired prints what the repair has led to.
func (std stdio) repaired(made bool, r repair, order []byte) error {
	if r.json {
		_, err := std.out.Write(order)
		return err
	}
	var view workflows.OrderView
	if err := json.Unmarshal(order, &view); err != nil {
		return fmt.Errorf("repair: the answer is no order: %w", err)
	}
	said := "done"
	switch {
	case !made:
		said = "recorded, takes effect later"
	case r.acknowledges() && view.NeedsAttention:
		said = "done; it needs attention again" // something was flagged after it was asked for
	case r.action == string(contract.ActionRetry) && needsAttention(view, r.step):
		said = "called again; it still needs attention" // until that call succeeds, which nobody waits for
	}
	of := r.step
	if r.acknowledges() {
		of = "the order"
	}
	if _, err := fmt.Fprintf(std.out, "%s of %s: %s\n\n", r.action, of, said); err != nil {
		return err
	}
	return renderOrder(std.out, view)
}

func needsAttention(o workflows.OrderView, step string) bool {
	for _, a := range o.Attention {
		if a.Step == step {
			return true
		}
	}
	return false
}

// refusal says in one line why there was no repair, and in one more for each
// field that is wrong.
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
