package orders

import (
	"context"
	"slices"
	"strings"

	"github.com/amends/amends/api/body/schema"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge/caller"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/internal/text"
)

// placementRules are the rules of a PlaceOrder that no schema can express.
func placementRules(ctx context.Context, value any) []contract.FieldError {
	order, _ := value.(map[string]any)
	return slices.Concat(customer(ctx, order), contact(ctx, order), postalCode(order["ship_to"]), schema.DistinctProducts(order))
}

// contact allows one to guests alone, because an account has an address, and requires that
// it reaches a person. A field of it that breaks the schema is left to the schema.
func contact(ctx context.Context, order map[string]any) (found []contract.FieldError) {
	given, ok := order["contact"].(map[string]any)
	switch {
	case !ok:
		return nil
	case caller.From(ctx).Account != "":
		return []contract.FieldError{problem.Field("/contact", problem.FieldNotAllowed, "is for orders without an account: yours has an address")}
	case given["email"] == nil && given["phone"] == nil:
		return []contract.FieldError{problem.Field("/contact", problem.FieldRequired, "must have an email or a phone")}
	}
	if email, ok := given["email"].(string); ok && text.Mail(email) != nil {
		found = append(found, problem.Field("/contact/email", problem.FieldNotAllowed, text.ErrMail.Error()))
	}
	return found
}

// customer refuses a card number, which the pattern of a customer's id does not, and
// requires a customer from guests.
func customer(ctx context.Context, order map[string]any) []contract.FieldError {
	value, given := order["customer_id"]
	if !given && caller.From(ctx).Account == "" {
		return []contract.FieldError{problem.Field("/customer_id", problem.FieldRequired, "is missing")}
	}
	if id, ok := value.(string); ok && text.CardDigits(id) > 0 {
		return []contract.FieldError{problem.Field("/customer_id", problem.FieldCardNumber, text.ErrCard.Error())}
	}
	return nil
}

// postalCode requires one where the country has them.
func postalCode(value any) []contract.FieldError {
	address, ok := value.(map[string]any)
	if !ok {
		return nil
	}
	country, _ := address["country"].(string)
	code, given := address["postal_code"]
	written, isText := code.(string)
	switch {
	case !schema.HasPostalCodes(country), isText && strings.TrimSpace(written) != "":
		return nil
	case given && isText:
		return []contract.FieldError{problem.Field("/ship_to/postal_code", problem.FieldTooShort, "must not be empty in this country")}
	case given:
		return nil // the schema has reported the type
	default:
		return []contract.FieldError{problem.Field("/ship_to/postal_code", problem.FieldRequired, "is missing")}
	}
}
