export { passwordChanger as passwords } from '#kerberos';
