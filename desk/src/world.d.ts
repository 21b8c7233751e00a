declare module 'virtual:world' {
  const address: string;
  export default address;
}
declare module 'virtual:licenses' {
  const address: string;
  export default address;
}
