BEGIN TRANSACTION;
PRAGMA defer_foreign_keys=ON;
CREATE TABLE barrier (
    saga        text      NOT NULL CHECK (saga <> ''),
    step        text      NOT NULL CHECK (step <> ''),
    generation  bigint    NOT NULL DEFAULT 0 CHECK (generation >= 0),
    state       text      NOT NULL CHECK (state IN ('intent', 'done', 'refused', 'undone', 'blocked')),
    fingerprint text      NOT NULL,
    request     text      NOT NULL,
    outcome     text      NOT NULL,
    code        text      NOT NULL,
    message     text      NOT NULL,
    created_at  timestamp NOT NULL,
    updated_at  timestamp NOT NULL,
    PRIMARY KEY (saga, step, generation),
    CHECK ((state = 'refused') = (code <> ''))
);
CREATE TABLE categories (
    name       text      NOT NULL PRIMARY KEY,
    created_at timestamp NOT NULL
);
CREATE TABLE goose_db_version (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL,
		tstamp TIMESTAMP DEFAULT (datetime('now'))
	);
CREATE TABLE products (
    sku            text      NOT NULL PRIMARY KEY,
    name           text      NOT NULL CHECK (name <> ''),
    category       text      NOT NULL REFERENCES categories (name),
    price_minor    bigint    CHECK (price_minor > 0),
    price_currency text      CHECK (length(price_currency) = 3),
    active         boolean   NOT NULL,
    created_at     timestamp NOT NULL,
    updated_at     timestamp NOT NULL,
    CHECK (sku <> ''),
    CHECK ((price_minor IS NULL) = (price_currency IS NULL))
);
INSERT INTO "barrier" VALUES('afa74a6b-4eca-88b0-a948-a8c21fb53c15','catalog.quote',0,'done','5912abaef168f56ef4f4c3d3768230cc5f3dd306644bfb86db48d95c1d8d9bc7','{"currency":"EUR","lines":[{"sku":"MUG-STONEWARE","quantity":2},{"sku":"KETTLE-STEEL","quantity":1}]}','{"lines":[{"sku":"MUG-STONEWARE","quantity":2,"unit_price":{"amount":1850,"currency":"EUR"}},{"sku":"KETTLE-STEEL","quantity":1,"unit_price":{"amount":8900,"currency":"EUR"}}],"total":{"amount":12600,"currency":"EUR"}}','','','2026-11-29 19:28:22.843556+00:00','2026-11-29 19:28:22.844037+00:00');
INSERT INTO "barrier" VALUES('e7923850-ae0e-812a-95c5-086120d22ee2','catalog.quote',0,'done','471aa9cdd8830fbd20364cb3db3a9b4eabf90a5d4bbcccbc430154e3677ba307','{"currency":"EUR","lines":[{"sku":"TEA-EARL-GREY","quantity":3}]}','{"lines":[{"sku":"TEA-EARL-GREY","quantity":3,"unit_price":{"amount":1299,"currency":"EUR"}}],"total":{"amount":3897,"currency":"EUR"}}','','','2026-11-29 19:28:23.671883+00:00','2026-11-29 19:28:23.672248+00:00');
INSERT INTO "barrier" VALUES('3248cb36-5ec3-8c5c-8d6b-a4d9b2d40540','catalog.quote',0,'done','5b7c91da55abdcc44475dee6e19b8843c61eb77dcf38a94bca3d6b607fb83c5e','{"currency":"EUR","lines":[{"sku":"MUG-STONEWARE","quantity":1}]}','{"lines":[{"sku":"MUG-STONEWARE","quantity":1,"unit_price":{"amount":1850,"currency":"EUR"}}],"total":{"amount":1850,"currency":"EUR"}}','','','2026-11-29 19:28:23.778095+00:00','2026-11-29 19:28:23.778422+00:00');
INSERT INTO "barrier" VALUES('b75d4645-67c8-8dbe-b9d2-b63e0e67da8c','catalog.quote',0,'done','9a08cdf5fddd8d6b897babed6a10ea9cd2a93c09c3bedfeecdb7ec5dbb51e1eb','{"currency":"EUR","lines":[{"sku":"TEA-SOLD-OUT","quantity":1}]}','{"lines":[{"sku":"TEA-SOLD-OUT","quantity":1,"unit_price":{"amount":999,"currency":"EUR"}}],"total":{"amount":999,"currency":"EUR"}}','','','2026-11-29 19:28:23.949173+00:00','2026-11-29 19:28:23.949487+00:00');
INSERT INTO "barrier" VALUES('9c708dc3-ad45-8a5f-945c-0cec8a05c20f','catalog.quote',0,'refused','2e21244c7c158f7922d01477f99d61b15a3bef3462ad0263b5ffa77538d1a1b0','{"currency":"EUR","lines":[{"sku":"TEA-RETIRED","quantity":1}]}','','UNKNOWN_SKU','line 1: there is no such product','2026-11-29 19:28:24.014757+00:00','2026-11-29 19:28:24.014757+00:00');
INSERT INTO "barrier" VALUES('aeb4ef06-5190-821c-ae10-6e70b1513564','catalog.quote',0,'done','45882eb6b03f59382f31779cc5170e612e35109b9d246c312c27a0aae5f0c5a8','{"currency":"EUR","lines":[{"sku":"MUG-STONEWARE","quantity":1},{"sku":"KETTLE-STEEL","quantity":1}]}','{"lines":[{"sku":"MUG-STONEWARE","quantity":1,"unit_price":{"amount":1850,"currency":"EUR"}},{"sku":"KETTLE-STEEL","quantity":1,"unit_price":{"amount":8900,"currency":"EUR"}}],"total":{"amount":10750,"currency":"EUR"}}','','','2026-11-29 19:28:24.062511+00:00','2026-11-29 19:28:24.062819+00:00');
INSERT INTO "barrier" VALUES('767024b4-227c-8072-be14-29c2d697f070','catalog.quote',0,'done','5b7c91da55abdcc44475dee6e19b8843c61eb77dcf38a94bca3d6b607fb83c5e','{"currency":"EUR","lines":[{"sku":"MUG-STONEWARE","quantity":1}]}','{"lines":[{"sku":"MUG-STONEWARE","quantity":1,"unit_price":{"amount":1850,"currency":"EUR"}}],"total":{"amount":1850,"currency":"EUR"}}','','','2026-11-29 19:28:24.130594+00:00','2026-11-29 19:28:24.130881+00:00');
INSERT INTO "barrier" VALUES('b57a2947-2880-8bbc-9a52-5ce326b4233f','catalog.quote',0,'refused','628bdc6d5c165d88e96ea8a2ad175f544ddaff82c3c5eafb6c051ca7ed320ccb','{"currency":"USD","lines":[{"sku":"MUG-STONEWARE","quantity":1}]}','','CURRENCY_MISMATCH','line 1: the product is not priced in the order''s currency','2026-11-29 19:28:24.214334+00:00','2026-11-29 19:28:24.214334+00:00');
INSERT INTO "barrier" VALUES('647a5401-d2bd-85f5-a6f2-fcf90202d20f','catalog.quote',0,'done','a030281bd32a62687507f341d8503ef268190ace13dc62c56ff62cc46e8ff6ac','{"currency":"EUR","lines":[{"sku":"TEAPOT-LIMITED","quantity":1}]}','{"lines":[{"sku":"TEAPOT-LIMITED","quantity":1,"unit_price":{"amount":14900,"currency":"EUR"}}],"total":{"amount":14900,"currency":"EUR"}}','','','2026-11-29 19:28:24.260924+00:00','2026-11-29 19:28:24.261211+00:00');
INSERT INTO "barrier" VALUES('016ad6cd-d20c-827d-b0da-5e43219b92c2','catalog.quote',0,'done','5b7c91da55abdcc44475dee6e19b8843c61eb77dcf38a94bca3d6b607fb83c5e','{"currency":"EUR","lines":[{"sku":"MUG-STONEWARE","quantity":1}]}','{"lines":[{"sku":"MUG-STONEWARE","quantity":1,"unit_price":{"amount":1850,"currency":"EUR"}}],"total":{"amount":1850,"currency":"EUR"}}','','','2026-11-29 19:28:25.377382+00:00','2026-11-29 19:28:25.377662+00:00');
INSERT INTO "barrier" VALUES('e9c28ea8-fee7-8d73-8597-13d246d61e8c','catalog.quote',0,'done','119dee6dd3afd49c7a84f4dd1a6701f1b7b47329391d8061b48e587e36ebc0ed','{"currency":"EUR","lines":[{"sku":"KETTLE-STEEL","quantity":2}]}','{"lines":[{"sku":"KETTLE-STEEL","quantity":2,"unit_price":{"amount":8900,"currency":"EUR"}}],"total":{"amount":17800,"currency":"EUR"}}','','','2026-11-29 19:28:28.445953+00:00','2026-11-29 19:28:28.446242+00:00');
INSERT INTO "categories" VALUES('kitchen','2026-11-29 19:28:21.507252+00:00');
INSERT INTO "categories" VALUES('tableware','2026-11-29 19:28:21.507252+00:00');
INSERT INTO "categories" VALUES('tea','2026-11-29 19:28:21.507252+00:00');
INSERT INTO "goose_db_version" VALUES(1,0,1,'2026-11-29 19:28:21');
INSERT INTO "goose_db_version" VALUES(2,1,1,'2026-11-29 19:28:21');
INSERT INTO "goose_db_version" VALUES(3,2,1,'2026-11-29 19:28:21');
INSERT INTO "products" VALUES('KETTLE-STEEL','Steel kettle','kitchen',8900,'EUR',1,'2026-11-29 19:28:21.507252+00:00','2026-11-29 19:28:21.507252+00:00');
INSERT INTO "products" VALUES('MUG-STONEWARE','Stoneware mug','tableware',1850,'EUR',1,'2026-11-29 19:28:21.507252+00:00','2026-11-29 19:28:21.507252+00:00');
INSERT INTO "products" VALUES('TEA-EARL-GREY','Earl Grey tea, 250 g','tea',1299,'EUR',1,'2026-11-29 19:28:21.507252+00:00','2026-11-29 19:28:21.507252+00:00');
INSERT INTO "products" VALUES('TEA-RETIRED','Retired blend','tea',999,'EUR',0,'2026-11-29 19:28:21.507252+00:00','2026-11-29 19:28:21.507252+00:00');
INSERT INTO "products" VALUES('TEA-SOLD-OUT','First flush tea, sold out','tea',999,'EUR',1,'2026-11-29 19:28:21.507252+00:00','2026-11-29 19:28:21.507252+00:00');
INSERT INTO "products" VALUES('TEAPOT-LIMITED','Teapot, limited edition','tableware',14900,'EUR',1,'2026-11-29 19:28:21.507252+00:00','2026-11-29 19:28:21.507252+00:00');
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('goose_db_version',3);
CREATE INDEX products_category ON products (category);
COMMIT;
