import { AsnArray, AsnType, AsnTypeTypes } from '@peculiar/asn1-schema';
import { AuthorizationDataElement } from './authorization-data.ts';
import { EtypeInfo2Entry } from './etype-info2-entry.ts';
import { EtypeInfoEntry } from './etype-info-entry.ts';
import { PaData } from './pa-data.ts';

/* The productions that are a SEQUENCE OF by themselves. */

/** AuthorizationData (RFC 4120 §5.2.6); AD-IF-RELEVANT holds another. */
@AsnType({ type: AsnTypeTypes.Sequence, itemType: AuthorizationDataElement })
export class AuthorizationData extends AsnArray<AuthorizationDataElement> {}

/** ETYPE-INFO (RFC 4120 §5.2.7.4). */
@AsnType({ type: AsnTypeTypes.Sequence, itemType: EtypeInfoEntry })
export class EtypeInfo extends AsnArray<EtypeInfoEntry> {}

/** ETYPE-INFO2 (RFC 4120 §5.2.7.5). */
@AsnType({ type: AsnTypeTypes.Sequence, itemType: EtypeInfo2Entry })
export class EtypeInfo2 extends AsnArray<EtypeInfo2Entry> {}

/** METHOD-DATA (RFC 4120 §5.2.7.5): the e-data of KDC_ERR_PREAUTH_REQUIRED. */
@AsnType({ type: AsnTypeTypes.Sequence, itemType: PaData })
export class MethodData extends AsnArray<PaData> {}
