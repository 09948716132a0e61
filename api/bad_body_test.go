package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/body/schema"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/strictjson"
)

// with returns goodBody with one part replaced.
func with(old, replacement string) string {
	body := strings.Replace(goodBody, old, replacement, 1)
	if body == goodBody {
		panic("goodBody has no " + old)
	}
	return body
}

// contacting returns goodBody with a contact.
func contacting(contact string) string {
	return with(`"currency"`, `"contact": `+contact+`, "currency"`)
}

func quantity(literal string) string { return with(`"quantity": 2`, `"quantity": `+literal) }

func lines(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`{"sku": "SKU-%d", "quantity": 1}`, i))
	}
	return with(`{"sku": "MUG-STONEWARE", "quantity": 2}, {"sku": "KETTLE-STEEL", "quantity": 1}`, strings.Join(all, ","))
}

// TestRefusesBadBodies also proves that nothing is left behind: the fake engine
// fails the test as soon as it is asked for anything.
func TestRefusesBadBodies(t *testing.T) {
	t.Parallel()

	deep := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	for name, c := range map[string]struct {
		body    string
		status  int
		pointer string
		code    fault.Code
	}{
		"NoBody":              {"", 400, "", strictjson.Empty},
		"OnlySpaces":          {" \n", 400, "", strictjson.Empty},
		"AnOpenBrace":         {"{", 400, "", strictjson.Syntax},
		"TwoValues":           {goodBody + goodBody, 400, "", strictjson.Syntax},
		"AnArray":             {"[]", 400, "", problem.FieldWrongType},
		"Null":                {"null", 400, "", problem.FieldWrongType},
		"AString":             {`"x"`, 400, "", problem.FieldWrongType},
		"ByteOrderMark":       {"\ufeff" + goodBody, 400, "", strictjson.Encoding},
		"InvalidUTF8":         {with("Berlin", "Berl\xffn"), 400, "", strictjson.Encoding},
		"NUL":                 {with("Berlin", `Berl\u0000n`), 400, "/ship_to/city", strictjson.BadText},
		"LoneSurrogate":       {with("Berlin", `Berl\ud800n`), 400, "/ship_to/city", strictjson.BadText},
		"DuplicateKey":        {with(`"currency": "EUR"`, `"currency": "USD", "currency": "EUR"`), 400, "/currency", strictjson.DuplicateKey},
		"DuplicateNestedKey":  {with(`"quantity": 2`, `"quantity": 2, "quantity": 2`), 400, "/lines/0/quantity", strictjson.DuplicateKey},
		"FieldInOtherCase":    {with(`"currency"`, `"Currency"`), 400, "/Currency", problem.FieldUnknown},
		"UnknownField":        {with(`"currency"`, `"coupon": 1, "currency"`), 400, "/coupon", problem.FieldUnknown},
		"Price":               {with(`"quantity": 2`, `"quantity": 2, "price": 1`), 400, "/lines/0/price", problem.FieldUnknown},
		"Total":               {with(`"currency"`, `"total": {"amount": 1}, "currency"`), 400, "/total", problem.FieldUnknown},
		"Status":              {with(`"currency"`, `"status": "CONFIRMED", "currency"`), 400, "/status", problem.FieldUnknown},
		"CustomerRate":        {with(`"currency"`, `"customer_rate": 0, "currency"`), 400, "/customer_rate", problem.FieldUnknown},
		"UnknownAddressField": {with(`"city"`, `"state": "x", "city"`), 400, "/ship_to/state", problem.FieldUnknown},
		"TenThousandDeep":     {with(`"tok_visa"`, deep), 400, "", strictjson.TooDeep},

		"LinesMissing":      {with(`"lines":`, `"lines_":`), 400, "/lines", problem.FieldRequired},
		"LinesEmpty":        {lines(0), 422, "/lines", problem.FieldTooFew},
		"LinesNull":         {`{"lines": null}`, 422, "/lines", problem.FieldWrongType},
		"LinesNoArray":      {`{"lines": {}}`, 422, "/lines", problem.FieldWrongType},
		"Lines201":          {lines(201), 422, "/lines", problem.FieldTooMany},
		"LineNoObject":      {`{"lines": [1]}`, 422, "/lines/0", problem.FieldWrongType},
		"QuantityZero":      {quantity("0"), 422, "/lines/0/quantity", problem.FieldTooSmall},
		"QuantityNegative":  {quantity("-1"), 422, "/lines/0/quantity", problem.FieldTooSmall},
		"QuantityOver":      {quantity("10001"), 422, "/lines/0/quantity", problem.FieldTooLarge},
		"QuantityFraction":  {quantity("1.5"), 422, "/lines/0/quantity", problem.FieldWrongType},
		"QuantityPointZero": {quantity("2.0"), 422, "/lines/0/quantity", problem.FieldWrongType},
		"QuantityString":    {quantity(`"2"`), 422, "/lines/0/quantity", problem.FieldWrongType},
		"QuantityExponent":  {quantity("1e3"), 422, "/lines/0/quantity", problem.FieldWrongType},
		"Quantity2e31":      {quantity("2147483648"), 422, "/lines/0/quantity", problem.FieldTooLarge},
		"Quantity2e63":      {quantity("9223372036854775808"), 422, "/lines/0/quantity", problem.FieldWrongType},
		"Quantity2e64plus1": {quantity("18446744073709551617"), 422, "/lines/0/quantity", problem.FieldWrongType},
		"Quantity1e400":     {quantity("1e400"), 422, "/lines/0/quantity", problem.FieldWrongType},
		"QuantityTrue":      {quantity("true"), 422, "/lines/0/quantity", problem.FieldWrongType},
		"QuantityNull":      {quantity("null"), 422, "/lines/0/quantity", problem.FieldWrongType},
		"QuantityMissing":   {with(`, "quantity": 2`, ``), 422, "/lines/0/quantity", problem.FieldRequired},
		"TheSameSKUTwice":   {with("KETTLE-STEEL", "MUG-STONEWARE"), 422, "/lines/1/sku", problem.FieldDuplicate},
		"SKUEmpty":          {with("MUG-STONEWARE", ""), 422, "/lines/0/sku", problem.FieldTooShort},
		"SKU300":            {with("MUG-STONEWARE", strings.Repeat("x", 300)), 422, "/lines/0/sku", problem.FieldTooLong},
		"SKUControl":        {with("MUG-STONEWARE", `MUG\u0007`), 422, "/lines/0/sku", problem.FieldNotAllowed},
		"SKUInvisible":      {with("MUG-STONEWARE", "MUG\u200b"), 422, "/lines/0/sku", problem.FieldNotAllowed},
		"SKUSpacesAround":   {with("MUG-STONEWARE", " MUG"), 422, "/lines/0/sku", problem.FieldNotAllowed},
		"CurrencyLowerCase": {with("EUR", "eur"), 422, "/currency", problem.FieldNotAllowed},
		"CurrencyWithdrawn": {with("EUR", "BGN"), 422, "/currency", problem.FieldNotAllowed},
		"CurrencyUnknown":   {with("EUR", "XXX"), 422, "/currency", problem.FieldNotAllowed},
		"CurrencyEmpty":     {with("EUR", ""), 422, "/currency", problem.FieldNotAllowed},
		"CustomerEmpty":     {with("cus_42", ""), 422, "/customer_id", problem.FieldTooShort},
		"Customer256":       {with("cus_42", strings.Repeat("x", 256)), 422, "/customer_id", problem.FieldTooLong},
		"CustomerSlash":     {with("cus_42", "../42"), 422, "/customer_id", problem.FieldNotAllowed},
		"CustomerNewline":   {with("cus_42", `cus_42\n`), 422, "/customer_id", problem.FieldNotAllowed},
		"CustomerMissing":   {`{}`, 422, "/customer_id", problem.FieldRequired},
		"AddressMissing":    {`{}`, 422, "/ship_to", problem.FieldRequired},
		"AddressNoLine1":    {with(`"line1": "Hauptstr. 1", `, ""), 422, "/ship_to/line1", problem.FieldRequired},
		"AddressNoCity":     {with(`"city": "Berlin", `, ""), 422, "/ship_to/city", problem.FieldRequired},
		"AddressSpaces":     {with("Hauptstr. 1", "   "), 422, "/ship_to/line1", problem.FieldTooShort},
		"AddressNewline":    {with("Hauptstr. 1", `Hauptstr.\n1`), 422, "/ship_to/line1", problem.FieldNotAllowed},
		"NameInvisible":     {with("A. Buyer", "\u200b\u3164"), 422, "/ship_to/name", problem.FieldTooShort},
		"RegionLong":        {with(`"line2": ""`, `"region": "`+strings.Repeat("x", 101)+`"`), 422, "/ship_to/region", problem.FieldTooLong},
		"PostcodeMissing":   {with(`"postal_code": "10115", `, ""), 422, "/ship_to/postal_code", problem.FieldRequired},
		"PostcodeEmpty":     {with(`"10115"`, `""`), 422, "/ship_to/postal_code", problem.FieldTooShort},
		"PostcodeSpaces":    {with(`"10115"`, `"  "`), 422, "/ship_to/postal_code", problem.FieldTooShort},
		"PostcodeNull":      {with(`"10115"`, `null`), 422, "/ship_to/postal_code", problem.FieldWrongType},
		"AddressBidi":       {with("A. Buyer", "A. \u202eBuyer"), 422, "/ship_to/name", problem.FieldNotAllowed},
		"AddressLine2Long":  {with(`"line2": ""`, `"line2": "`+strings.Repeat("x", 201)+`"`), 422, "/ship_to/line2", problem.FieldTooLong},
		"Postcode1000":      {with("10115", strings.Repeat("1", 1000)), 422, "/ship_to/postal_code", problem.FieldTooLong},
		"PostcodeNumber":    {with(`"10115"`, "10115"), 422, "/ship_to/postal_code", problem.FieldWrongType},
		"ContactEmpty":      {contacting(`{}`), 422, "/contact", problem.FieldRequired},
		"ContactNowhere":    {contacting(`{"locale": "de"}`), 422, "/contact", problem.FieldRequired},
		"ContactNull":       {contacting(`null`), 422, "/contact", problem.FieldWrongType},
		"ContactName":       {contacting(`{"email": "ada@example.com", "name": "Ada"}`), 400, "/contact/name", problem.FieldUnknown},
		"ContactNoAddress":  {contacting(`{"email": "Ada <ada@example.com>"}`), 422, "/contact/email", problem.FieldNotAllowed},
		"ContactTwoMails":   {contacting(`{"email": "a@example.com\r\nBcc: b@example.com"}`), 422, "/contact/email", problem.FieldNotAllowed},
		"ContactLongMail":   {contacting(`{"email": "` + strings.Repeat("x", 255) + `"}`), 422, "/contact/email", problem.FieldTooLong},
		"ContactLocalPhone": {contacting(`{"phone": "030 1234567"}`), 422, "/contact/phone", problem.FieldNotAllowed},
		"ContactLocale":     {contacting(`{"phone": "+49301234567", "locale": "de_DE"}`), 422, "/contact/locale", problem.FieldNotAllowed},
		"CountryZZ":         {with(`"DE"`, `"ZZ"`), 422, "/ship_to/country", problem.FieldNotAllowed},
		"CountryLowerCase":  {with(`"DE"`, `"de"`), 422, "/ship_to/country", problem.FieldNotAllowed},
		"TokenEmpty":        {with("tok_visa", ""), 422, "/payment_token", problem.FieldTooShort},
		"TokenSpaces":       {with("tok_visa", "  "), 422, "/payment_token", problem.FieldNotAllowed},
		"TokenLong":         {with("tok_visa", strings.Repeat("x", 2049)), 422, "/payment_token", problem.FieldTooLong},
		"TokenCard":         {with("tok_visa", "4111111111111111"), 422, "/payment_token", problem.FieldCardNumber},
		"TokenCardSpaces":   {with("tok_visa", "4111 1111 1111 1111"), 422, "/payment_token", problem.FieldCardNumber},
		"TokenCardDashes":   {with("tok_visa", "3782-822463-10005"), 422, "/payment_token", problem.FieldCardNumber},
		"TokenCardDots":     {with("tok_visa", "4111.1111.1111.1111"), 422, "/payment_token", problem.FieldCardNumber},
		"TokenCardWide":     {with("tok_visa", "４１１１１１１１１１１１１１１１"), 422, "/payment_token", problem.FieldCardNumber},
		"TokenCardHidden":   {with("tok_visa", `4111\u200b111111111111`), 422, "/payment_token", problem.FieldCardNumber},
		"CustomerCard":      {with("cus_42", "4111-1111-1111-1111"), 422, "/customer_id", problem.FieldCardNumber},
		"SKUCard":           {with("MUG-STONEWARE", "4111/1111/1111/1111"), 422, "/lines/0/sku", problem.FieldCardNumber},
		"NameCard":          {with("A. Buyer", "A. Buyer 4111 1111 1111 1111"), 422, "/ship_to/name", problem.FieldCardNumber},
		"Line1Card":         {with("Hauptstr. 1", "Hauptstr. 1, 3782.822463.10005 12/27"), 422, "/ship_to/line1", problem.FieldCardNumber},
		"Line2Card":         {with(`"line2": ""`, `"line2": "Visa4111111111111111"`), 422, "/ship_to/line2", problem.FieldCardNumber},
		"CityCard":          {with(`"Berlin"`, `"4111\u00a01111\u00a01111\u00a01111"`), 422, "/ship_to/city", problem.FieldCardNumber},
		"PostcodeCard":      {with("10115", "4111111111111111"), 422, "/ship_to/postal_code", problem.FieldCardNumber},
		"NameOfAFieldCard":  {with(`"city"`, `"4111111111111111": 1, "city"`), 400, "/ship_to", problem.FieldUnknown},
		"TwiceAFieldCard":   {with(`"city"`, `"4111111111111111": 1, "4111111111111111": 1, "city"`), 400, "/ship_to", strictjson.DuplicateKey},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.temporal.health = nil

			answer := b.post(t, c.body, "X-Request-Id: bad-body") // a random one may look like digits of a card

			code := problem.MalformedBody
			if c.status == http.StatusUnprocessableEntity {
				code = problem.ValidationFailed
			}
			p := answer.refused(t, c.status, code)
			require.NotNil(t, p.Errors)
			var found []string
			for _, e := range *p.Errors {
				found = append(found, e.Pointer+" "+e.Code)
				require.NotEmpty(t, e.Detail)
			}
			require.Contains(t, found, c.pointer+" "+string(c.code))
			require.Empty(t, b.temporal.calls)
			for _, secret := range []string{"4111", "1111", "4１", "3782", "tok_visa", "Hauptstr", "cus_42"} {
				require.NotContains(t, b.logs.String(), secret)
				require.NotContains(t, answer.text, secret)
			}
		})
	}
}

func TestReportsAllWrongFieldsAtOnce(t *testing.T) {
	t.Parallel()
	body := `{"customer_id": "", "currency": "eur", "lines": [{"sku": "A", "quantity": 0}, {"sku": "A", "quantity": 1e3}, 7],
		"ship_to": {"name": 1, "line1": " ", "city": "Berlin", "postal_code": "1", "country": "ZZ"}}`
	p := setup(t).post(t, body).refused(t, http.StatusUnprocessableEntity, problem.ValidationFailed)
	var pointers []string
	for _, e := range *p.Errors {
		pointers = append(pointers, e.Pointer)
	}
	require.ElementsMatch(t, []string{
		"/customer_id", "/currency", "/lines/0/quantity", "/lines/1/quantity", "/lines/1/sku", "/lines/2",
		"/ship_to/name", "/ship_to/line1", "/ship_to/country", "/payment_token",
	}, pointers)
}

func TestReportsAtMostAHundredErrors(t *testing.T) {
	t.Parallel()
	text := `{` + strings.TrimSuffix(strings.Repeat(`"x%d": 1,`, 500), ",") + `}`
	n := make([]any, 500)
	for i := range n {
		n[i] = i
	}
	p := setup(t).post(t, fmt.Sprintf(text, n...)).refused(t, http.StatusBadRequest, problem.MalformedBody)
	require.LessOrEqual(t, len(*p.Errors), schema.MaxErrors)
}
