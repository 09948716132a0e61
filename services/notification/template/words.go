package template

// functions are those of the texts.
var functions = map[string]any{"reason": reason}

// reasons are the words for the codes for which orders are cancelled, by language.
var reasons = map[string]map[string]string{
	"en": {
		"UNKNOWN_SKU": "a product is no longer for sale", "CURRENCY_MISMATCH": "a product is not sold in this currency",
		"OUT_OF_STOCK": "a product is sold out", "PAYMENT_DECLINED": "the payment was declined",
		"UNDELIVERABLE": "we cannot deliver to the address", "CUSTOMER_REQUEST": "you asked us to",
		"DEADLINE": "it could not be completed in time", "INTERNAL": "of a fault on our side", "": "of a fault on our side",
	},
	"de": {
		"UNKNOWN_SKU": "ein Artikel wird nicht mehr verkauft", "CURRENCY_MISMATCH": "ein Artikel wird in dieser Währung nicht verkauft",
		"OUT_OF_STOCK": "ein Artikel ist ausverkauft", "PAYMENT_DECLINED": "die Zahlung wurde abgelehnt",
		"UNDELIVERABLE": "wir können an die Adresse nicht liefern", "CUSTOMER_REQUEST": "Sie haben darum gebeten",
		"DEADLINE": "sie konnte nicht rechtzeitig abgeschlossen werden", "INTERNAL": "bei uns ist ein Fehler aufgetreten", "": "bei uns ist ein Fehler aufgetreten",
	},
}

// reason returns the words for a code in a language; those of an unknown code are those of
// a fault.
func reason(locale, code string) string {
	if words, ok := reasons[locale][code]; ok {
		return words
	}
	return reasons[locale][""]
}
