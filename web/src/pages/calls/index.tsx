import { Page } from "../../components/Page";

export default function Calls() {
  return <Page title="Calls">{null}</Page>;
}
