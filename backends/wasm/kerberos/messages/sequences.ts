import { sequenceOf } from './asn1.ts';
import { AuthorizationDataElement } from './authorization-data.ts';
import { EtypeInfo2Entry } from './etype-info2-entry.ts';
import { EtypeInfoEntry } from './etype-info-entry.ts';
import { PaData } from './pa-data.ts';

/* The productions that are a SEQUENCE OF by themselves. */

/** AuthorizationData (RFC 4120 §5.2.6); AD-IF-RELEVANT holds another. */
@sequenceOf(AuthorizationDataElement)
export class AuthorizationData extends Array<AuthorizationDataElement> {}

/** ETYPE-INFO (RFC 4120 §5.2.7.4). */
@sequenceOf(EtypeInfoEntry)
export class EtypeInfo extends Array<EtypeInfoEntry> {}

/** ETYPE-INFO2 (RFC 4120 §5.2.7.5). */
@sequenceOf(EtypeInfo2Entry)
export class EtypeInfo2 extends Array<EtypeInfo2Entry> {}

/** METHOD-DATA (RFC 4120 §5.2.7.5): the e-data of KDC_ERR_PREAUTH_REQUIRED. */
@sequenceOf(PaData)
export class MethodData extends Array<PaData> {}
