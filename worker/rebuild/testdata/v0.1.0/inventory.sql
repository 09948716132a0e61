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
CREATE TABLE goose_db_version (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL,
		tstamp TIMESTAMP DEFAULT (datetime('now'))
	);
CREATE TABLE reservation_lines (
    saga       text   NOT NULL,
    step       text   NOT NULL,
    generation bigint NOT NULL,
    sku        text   NOT NULL,
    warehouse  text   NOT NULL,
    quantity   bigint NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (saga, step, generation, sku, warehouse),
    FOREIGN KEY (saga, step, generation) REFERENCES reservations (saga, step, generation),
    FOREIGN KEY (sku, warehouse) REFERENCES stock (sku, warehouse)
);
CREATE TABLE reservations (
    saga       text      NOT NULL,
    step       text      NOT NULL,
    generation bigint    NOT NULL,
    state      text      NOT NULL CHECK (state IN ('held', 'released', 'committed')),
    created_at timestamp NOT NULL,
    updated_at timestamp NOT NULL,
    PRIMARY KEY (saga, step, generation)
);
CREATE TABLE stock (
    sku       text   NOT NULL CHECK (sku <> ''),
    warehouse text   NOT NULL REFERENCES warehouses (code),
    available bigint NOT NULL CHECK (available >= 0),
    reserved  bigint NOT NULL CHECK (reserved >= 0),
    committed bigint NOT NULL CHECK (committed >= 0),
    received  bigint NOT NULL,
    PRIMARY KEY (sku, warehouse),
    CHECK (available + reserved + committed = received)
);
CREATE TABLE warehouses (
    code       text      NOT NULL PRIMARY KEY CHECK (code <> ''),
    created_at timestamp NOT NULL
);
INSERT INTO "barrier" VALUES('afa74a6b-4eca-88b0-a948-a8c21fb53c15','inventory.reserve',0,'done','569d1eed3709042805d88751a31e343f269d3d0d0716dc074c79f72253cad766','{"lines":[{"sku":"MUG-STONEWARE","quantity":2},{"sku":"KETTLE-STEEL","quantity":1}]}','{"parcels":[{"warehouse":"AMS","lines":[{"sku":"KETTLE-STEEL","quantity":1}]},{"warehouse":"BER","lines":[{"sku":"MUG-STONEWARE","quantity":2}]}]}','','','2026-11-29 19:28:22.947624+00:00','2026-11-29 19:28:22.948339+00:00');
INSERT INTO "barrier" VALUES('afa74a6b-4eca-88b0-a948-a8c21fb53c15','inventory.commit',0,'done','dbc1b4c900ffe48d575b5da5c638040125f65db0fe3e24494b76ea986457d986','','{"units":3}','','','2026-11-29 19:28:23.443433+00:00','2026-11-29 19:28:23.44422+00:00');
INSERT INTO "barrier" VALUES('e7923850-ae0e-812a-95c5-086120d22ee2','inventory.reserve',0,'done','570f061c84d25e05c71258ac1adf32192dce2fca57ac51e4f5832b47753c30a0','{"lines":[{"sku":"TEA-EARL-GREY","quantity":3}]}','{"parcels":[{"warehouse":"AMS","lines":[{"sku":"TEA-EARL-GREY","quantity":3}]}]}','','','2026-11-29 19:28:23.684697+00:00','2026-11-29 19:28:23.685121+00:00');
INSERT INTO "barrier" VALUES('e7923850-ae0e-812a-95c5-086120d22ee2','inventory.commit',0,'done','dbc1b4c900ffe48d575b5da5c638040125f65db0fe3e24494b76ea986457d986','','{"units":3}','','','2026-11-29 19:28:23.754305+00:00','2026-11-29 19:28:23.754858+00:00');
INSERT INTO "barrier" VALUES('3248cb36-5ec3-8c5c-8d6b-a4d9b2d40540','inventory.reserve',0,'undone','2cb1f0283bb012b9d93924c2bb42e700a91332d2c2e5bf896f5d6cac5673f078','{"lines":[{"sku":"MUG-STONEWARE","quantity":1}]}','{"parcels":[{"warehouse":"BER","lines":[{"sku":"MUG-STONEWARE","quantity":1}]}]}','','','2026-11-29 19:28:23.787306+00:00','2026-11-29 19:28:23.856475+00:00');
INSERT INTO "barrier" VALUES('b75d4645-67c8-8dbe-b9d2-b63e0e67da8c','inventory.reserve',0,'refused','97a58590f3488892089d227a726b3f082c5314d574acafe47d382aee23826b01','{"lines":[{"sku":"TEA-SOLD-OUT","quantity":1}]}','','OUT_OF_STOCK','not enough stock of "TEA-SOLD-OUT"','2026-11-29 19:28:23.960384+00:00','2026-11-29 19:28:23.960384+00:00');
INSERT INTO "barrier" VALUES('9c708dc3-ad45-8a5f-945c-0cec8a05c20f','inventory.reserve',0,'blocked','','','','','','2026-11-29 19:28:24.033171+00:00','2026-11-29 19:28:24.033171+00:00');
INSERT INTO "barrier" VALUES('aeb4ef06-5190-821c-ae10-6e70b1513564','inventory.reserve',0,'undone','03b5ee746b7fcd475b6aba843bf08efd8b8d76aff221b8066a60d8b5005567e2','{"lines":[{"sku":"MUG-STONEWARE","quantity":1},{"sku":"KETTLE-STEEL","quantity":1}]}','{"parcels":[{"warehouse":"AMS","lines":[{"sku":"KETTLE-STEEL","quantity":1}]},{"warehouse":"BER","lines":[{"sku":"MUG-STONEWARE","quantity":1}]}]}','','','2026-11-29 19:28:24.073222+00:00','2026-11-29 19:28:24.100531+00:00');
INSERT INTO "barrier" VALUES('767024b4-227c-8072-be14-29c2d697f070','inventory.reserve',0,'undone','2cb1f0283bb012b9d93924c2bb42e700a91332d2c2e5bf896f5d6cac5673f078','{"lines":[{"sku":"MUG-STONEWARE","quantity":1}]}','{"parcels":[{"warehouse":"BER","lines":[{"sku":"MUG-STONEWARE","quantity":1}]}]}','','','2026-11-29 19:28:24.14329+00:00','2026-11-29 19:28:24.192246+00:00');
INSERT INTO "barrier" VALUES('b57a2947-2880-8bbc-9a52-5ce326b4233f','inventory.reserve',0,'blocked','','','','','','2026-11-29 19:28:24.237323+00:00','2026-11-29 19:28:24.237323+00:00');
INSERT INTO "barrier" VALUES('647a5401-d2bd-85f5-a6f2-fcf90202d20f','inventory.reserve',0,'done','614ffb24575133e2ad9fef64a946f72eb97a390849b77f9736ba6df5af26d1da','{"lines":[{"sku":"TEAPOT-LIMITED","quantity":1}]}','{"parcels":[{"warehouse":"BER","lines":[{"sku":"TEAPOT-LIMITED","quantity":1}]}]}','','','2026-11-29 19:28:24.269463+00:00','2026-11-29 19:28:24.269806+00:00');
INSERT INTO "barrier" VALUES('647a5401-d2bd-85f5-a6f2-fcf90202d20f','inventory.commit',0,'done','dbc1b4c900ffe48d575b5da5c638040125f65db0fe3e24494b76ea986457d986','','{"units":1}','','','2026-11-29 19:28:25.353179+00:00','2026-11-29 19:28:25.353684+00:00');
INSERT INTO "barrier" VALUES('016ad6cd-d20c-827d-b0da-5e43219b92c2','inventory.reserve',0,'undone','2cb1f0283bb012b9d93924c2bb42e700a91332d2c2e5bf896f5d6cac5673f078','{"lines":[{"sku":"MUG-STONEWARE","quantity":1}]}','{"parcels":[{"warehouse":"BER","lines":[{"sku":"MUG-STONEWARE","quantity":1}]}]}','','','2026-11-29 19:28:25.393833+00:00','2026-11-29 19:28:28.418034+00:00');
INSERT INTO "barrier" VALUES('e9c28ea8-fee7-8d73-8597-13d246d61e8c','inventory.reserve',0,'done','d16b7436785847f763a797c6a188fbbf741e80795a0ab09e8e4559b42041a4b4','{"lines":[{"sku":"KETTLE-STEEL","quantity":2}]}','{"parcels":[{"warehouse":"AMS","lines":[{"sku":"KETTLE-STEEL","quantity":2}]}]}','','','2026-11-29 19:28:28.452965+00:00','2026-11-29 19:28:28.453298+00:00');
INSERT INTO "goose_db_version" VALUES(1,0,1,'2026-11-29 19:28:21');
INSERT INTO "goose_db_version" VALUES(2,1,1,'2026-11-29 19:28:21');
INSERT INTO "goose_db_version" VALUES(3,2,1,'2026-11-29 19:28:21');
INSERT INTO "reservation_lines" VALUES('afa74a6b-4eca-88b0-a948-a8c21fb53c15','inventory.reserve',0,'KETTLE-STEEL','AMS',1);
INSERT INTO "reservation_lines" VALUES('afa74a6b-4eca-88b0-a948-a8c21fb53c15','inventory.reserve',0,'MUG-STONEWARE','BER',2);
INSERT INTO "reservation_lines" VALUES('e7923850-ae0e-812a-95c5-086120d22ee2','inventory.reserve',0,'TEA-EARL-GREY','AMS',3);
INSERT INTO "reservation_lines" VALUES('3248cb36-5ec3-8c5c-8d6b-a4d9b2d40540','inventory.reserve',0,'MUG-STONEWARE','BER',1);
INSERT INTO "reservation_lines" VALUES('aeb4ef06-5190-821c-ae10-6e70b1513564','inventory.reserve',0,'KETTLE-STEEL','AMS',1);
INSERT INTO "reservation_lines" VALUES('aeb4ef06-5190-821c-ae10-6e70b1513564','inventory.reserve',0,'MUG-STONEWARE','BER',1);
INSERT INTO "reservation_lines" VALUES('767024b4-227c-8072-be14-29c2d697f070','inventory.reserve',0,'MUG-STONEWARE','BER',1);
INSERT INTO "reservation_lines" VALUES('647a5401-d2bd-85f5-a6f2-fcf90202d20f','inventory.reserve',0,'TEAPOT-LIMITED','BER',1);
INSERT INTO "reservation_lines" VALUES('016ad6cd-d20c-827d-b0da-5e43219b92c2','inventory.reserve',0,'MUG-STONEWARE','BER',1);
INSERT INTO "reservation_lines" VALUES('e9c28ea8-fee7-8d73-8597-13d246d61e8c','inventory.reserve',0,'KETTLE-STEEL','AMS',2);
INSERT INTO "reservations" VALUES('afa74a6b-4eca-88b0-a948-a8c21fb53c15','inventory.reserve',0,'committed','2026-11-29 19:28:22.948171+00:00','2026-11-29 19:28:23.444042+00:00');
INSERT INTO "reservations" VALUES('e7923850-ae0e-812a-95c5-086120d22ee2','inventory.reserve',0,'committed','2026-11-29 19:28:23.685042+00:00','2026-11-29 19:28:23.754721+00:00');
INSERT INTO "reservations" VALUES('3248cb36-5ec3-8c5c-8d6b-a4d9b2d40540','inventory.reserve',0,'released','2026-11-29 19:28:23.787612+00:00','2026-11-29 19:28:23.856681+00:00');
INSERT INTO "reservations" VALUES('aeb4ef06-5190-821c-ae10-6e70b1513564','inventory.reserve',0,'released','2026-11-29 19:28:24.073426+00:00','2026-11-29 19:28:24.100712+00:00');
INSERT INTO "reservations" VALUES('767024b4-227c-8072-be14-29c2d697f070','inventory.reserve',0,'released','2026-11-29 19:28:24.143489+00:00','2026-11-29 19:28:24.192435+00:00');
INSERT INTO "reservations" VALUES('647a5401-d2bd-85f5-a6f2-fcf90202d20f','inventory.reserve',0,'committed','2026-11-29 19:28:24.269734+00:00','2026-11-29 19:28:25.35355+00:00');
INSERT INTO "reservations" VALUES('016ad6cd-d20c-827d-b0da-5e43219b92c2','inventory.reserve',0,'released','2026-11-29 19:28:25.394299+00:00','2026-11-29 19:28:28.41828+00:00');
INSERT INTO "reservations" VALUES('e9c28ea8-fee7-8d73-8597-13d246d61e8c','inventory.reserve',0,'held','2026-11-29 19:28:28.453227+00:00','2026-11-29 19:28:28.453227+00:00');
INSERT INTO "stock" VALUES('TEA-EARL-GREY','BER',100000,0,0,100000);
INSERT INTO "stock" VALUES('TEA-EARL-GREY','AMS',99997,0,3,100000);
INSERT INTO "stock" VALUES('MUG-STONEWARE','BER',99998,0,2,100000);
INSERT INTO "stock" VALUES('KETTLE-STEEL','AMS',99997,2,1,100000);
INSERT INTO "stock" VALUES('TEAPOT-LIMITED','BER',9,0,1,10);
INSERT INTO "warehouses" VALUES('BER','2026-11-29 19:28:21.509515+00:00');
INSERT INTO "warehouses" VALUES('AMS','2026-11-29 19:28:21.514081+00:00');
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('goose_db_version',3);
COMMIT;
