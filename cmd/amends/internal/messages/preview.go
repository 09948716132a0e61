package messages

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/services/notification"
	"github.com/amends/amends/services/notification/template"
)

// preview returns `amends notification preview`.
func preview(std cli.Stdio) *cobra.Command {
	var html, short bool
	locale := template.Locales[0]
	cmd := &cobra.Command{
		Use:   "preview KIND",
		Short: "Show the text of a kind of message, with made-up values",
		Long:  "Show the text of a kind of message, with made-up values. The kinds are:\n\n  " + strings.Join(kinds(), "\n  "),
		Args:  cli.Exactly("notification preview needs a kind of message, such as order.confirmed", 1),
		RunE: func(_ *cobra.Command, args []string) error {
			rule, err := notification.RuleOf(notification.Kind(args[0]))
			if err != nil {
				return fmt.Errorf("%w: the kinds are %s", err, strings.Join(kinds(), ", "))
			}
			text, used, err := template.New().Render(rule.Kind, by(short), locale, sample)
			if err != nil {
				return err
			}
			if html {
				_, err = fmt.Fprint(std.Out, text.HTML)
				return err
			}
			_, err = fmt.Fprintf(std.Out, "Language: %s\nSubject:  %s\n\n%s", used, text.Subject, text.Body)
			return err
		},
	}
	cmd.Flags().StringVar(&locale, "locale", locale, "language of the recipient, such as de-AT")
	cmd.Flags().BoolVar(&short, "short", false, "show that of text and push messages")
	cmd.Flags().BoolVar(&html, "html", false, "print the HTML")
	return cmd
}

// by returns a channel of mails, or of short messages.
func by(short bool) notification.Channel {
	if short {
		return notification.Push
	}
	return notification.Email
}

// sample are the values of a preview.
var sample = template.Values{
	Facts: notification.Facts{
		Lines: []notification.Line{{SKU: "MUG-STONEWARE", Quantity: 2}, {SKU: "KETTLE-STEEL", Quantity: 1}},
		Total: money.New(126_00, "EUR"), Reason: "OUT_OF_STOCK",
	},
	Subject: "019a3f6c-6c2e-8b1d-9d7e-0f3a5b8c1e22", Name: "A. Buyer", Token: "amv_example",
	Invoice: "https://shop.example/v1/orders/019a3f6c-6c2e-8b1d-9d7e-0f3a5b8c1e22/invoice",
}

func kinds() (all []string) {
	for _, r := range notification.Rules {
		all = append(all, string(r.Kind))
	}
	return all
}
